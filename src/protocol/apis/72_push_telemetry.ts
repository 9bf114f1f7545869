// PushTelemetry (key 72). A client's metrics, as compressed OpenTelemetry data (KIP-714).

import {
  about,
  api,
  boolean,
  bytes,
  compressionType,
  errorCode,
  int32,
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
  about: "Takes a client's own metrics, as OpenTelemetry data.",
  errors: {
    response: {
      UNKNOWN_SUBSCRIPTION_ID: "what is asked for has changed: get the subscription anew",
      THROTTLING_QUOTA_EXCEEDED: "the client pushes more often than it was told",
      TELEMETRY_TOO_LARGE: "the push is larger than was told",
      UNSUPPORTED_COMPRESSION_TYPE: "there is no such compression",
      INVALID_RECORD: "the bytes are not OpenTelemetry metrics",
      INVALID_REQUEST: "the client has no id, or has said that it ends",
    },
  },
  request: {
    clientInstanceId: about("The id that the client was given", uuid),
    subscriptionId: about("The subscription that this answers", int32),
    terminating: about("Whether it is the client's last push", boolean),
    compressionType: about("How the metrics are compressed", compressionType),
    metrics: about("OpenTelemetry's MetricsData, compressed", bytes),
  },
  response: { throttleTimeMs, errorCode },
});

export type PushTelemetryRequest = RequestOf<typeof PushTelemetry>;
export type PushTelemetryResponse = ResponseOf<typeof PushTelemetry>;
