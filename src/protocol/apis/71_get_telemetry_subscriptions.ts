// GetTelemetrySubscriptions (key 71). Which metrics a client is to push, and how often (KIP-714).

import {
  api,
  array,
  boolean,
  errorCode,
  int32,
  int8,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

export const GetTelemetrySubscriptions = api({
  key: 71,
  name: "GetTelemetrySubscriptions",
  versions: "0",
  flexible: "0+",
  request: { clientInstanceId: uuid },
  response: {
    throttleTimeMs,
    errorCode,
    clientInstanceId: uuid,
    subscriptionId: int32,
    acceptedCompressionTypes: array(int8),
    pushIntervalMs: int32,
    telemetryMaxBytes: int32,
    deltaTemporality: boolean,
    requestedMetrics: array(string),
  },
});

export type GetTelemetrySubscriptionsRequest = RequestOf<typeof GetTelemetrySubscriptions>;
export type GetTelemetrySubscriptionsResponse = ResponseOf<typeof GetTelemetrySubscriptions>;
