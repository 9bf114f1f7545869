// PushTelemetry (key 72). A client's metrics, as compressed OpenTelemetry data (KIP-714).

import {
  api,
  boolean,
  bytes,
  errorCode,
  int32,
  int8,
  type RequestOf,
  type ResponseOf,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

export const PushTelemetry = api({
  key: 72,
  name: "PushTelemetry",
  versions: "0",
  flexible: "0+",
  request: {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: boolean,
    compressionType: int8,
    metrics: bytes,
  },
  response: { throttleTimeMs, errorCode },
});

export type PushTelemetryRequest = RequestOf<typeof PushTelemetry>;
export type PushTelemetryResponse = ResponseOf<typeof PushTelemetry>;
