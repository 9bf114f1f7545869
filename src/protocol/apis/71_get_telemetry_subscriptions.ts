// GetTelemetrySubscriptions (key 71). Which metrics a client is to push, and how often (KIP-714).

import {
  about,
  api,
  array,
  boolean,
  compressionType,
  errorCode,
  int32,
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
  about: "Tells a client which of its own metrics to push, and how often.",
  errors: {
    response: {
      INVALID_REQUEST: "the client's id is not one that a client may have",
      THROTTLING_QUOTA_EXCEEDED: "the client asks more often than it was told",
      UNSUPPORTED_VERSION: "the broker takes no metrics of clients",
    },
  },
  request: { clientInstanceId: about("The id of the client; zero asks for one", uuid) },
  response: {
    throttleTimeMs,
    errorCode,
    clientInstanceId: about("The id that the client is to use", uuid),
    subscriptionId: about("Changes when what is asked for changes", int32),
    acceptedCompressionTypes: about(
      "The compressions that may be used, the best first",
      array(compressionType),
    ),
    pushIntervalMs: about("How long to wait between two pushes", int32),
    telemetryMaxBytes: about("The most that a push may have", int32),
    deltaTemporality: about("Whether counters tell what was added since the last push", boolean),
    requestedMetrics: about(
      "How the names of the metrics begin; empty is none, one empty name all",
      array(string),
    ),
  },
});

export type GetTelemetrySubscriptionsRequest = RequestOf<typeof GetTelemetrySubscriptions>;
export type GetTelemetrySubscriptionsResponse = ResponseOf<typeof GetTelemetrySubscriptions>;
