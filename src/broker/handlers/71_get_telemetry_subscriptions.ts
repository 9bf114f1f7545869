// GetTelemetrySubscriptions: which of its metrics a client is asked to push (KIP-714).
//
// Serves: 0.
// Behaviour: those of all client-metrics resources that match the client, at the shortest of their
//   intervals. Without one nothing is asked for, and the client asks again later. A client that has
//   no instance id yet is given one.

import { uuidFromRandom, ZERO_UUID } from "../../base/ids.ts";
import { GetTelemetrySubscriptions } from "../../protocol/apis/71_get_telemetry_subscriptions.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { handler, type RequestContext } from "../handler.ts";

/** zstd, lz4, gzip, snappy: the better ones first. */
const acceptedCompressionTypes = [4, 3, 1, 2];

type Context = RequestContext<"config" | "telemetry" | "random">;

export const getTelemetrySubscriptions = handler(GetTelemetrySubscriptions, {
  serves: "0",
  authorise: [],

  async handle(request, context: Context) {
    const { services } = context;
    const telemetry = await services.telemetry();
    const clientInstanceId = request.clientInstanceId === ZERO_UUID
      ? uuidFromRandom(services.random.bytes(16))
      : request.clientInstanceId;
    const { id, intervalMs, metrics } = telemetry.subscribe(clientInstanceId, context);
    return {
      errorCode: ErrorCode.NONE,
      clientInstanceId,
      subscriptionId: id,
      acceptedCompressionTypes,
      pushIntervalMs: intervalMs,
      telemetryMaxBytes: services.config.get("telemetry.max.bytes"),
      deltaTemporality: true,
      requestedMetrics: metrics,
    };
  },
});
