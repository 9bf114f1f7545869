// PushTelemetry: a client's metrics, in OpenTelemetry's format (KIP-714).
//
// Serves: 0.
// Behaviour: unpacked and read within telemetry.max.bytes, then told in a debug line of the log.
//   UNKNOWN_SUBSCRIPTION_ID makes the client ask for its subscription again; a push before its time
//   is THROTTLING_QUOTA_EXCEEDED, one too large TELEMETRY_TOO_LARGE, one that does not parse
//   INVALID_RECORD.
// Not done: keeping the metrics that clients push; nothing would show them.

import { DecodeFault, PlatformFault } from "../../base/faults.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import { PushTelemetry } from "../../protocol/apis/72_push_telemetry.ts";
import { ErrorCode, type RequestOf } from "../../protocol/mod.ts";
import { compressionTypes, decompress, loadCompression } from "../../records/mod.ts";
import { handler, type RequestContext } from "../handler.ts";
import { countMetrics } from "../metrics/otlp_metrics.ts";

type Context = RequestContext<"config" | "telemetry" | "clock" | "codecs" | "logger">;

export const pushTelemetry = handler(PushTelemetry, {
  serves: "0",
  authorise: [],
  handle: async (request, context) => ({ errorCode: await take(request, context) }),
});

async function take(
  request: RequestOf<typeof PushTelemetry>,
  context: Context,
): Promise<ErrorCode> {
  const { clientInstanceId: id, subscriptionId, terminating: isLast, metrics } = request;
  const { services, clientId } = context;
  if (id === ZERO_UUID) return ErrorCode.INVALID_REQUEST;
  const telemetry = await services.telemetry();
  const nowMs = services.clock.monotonic();
  const errorCode = telemetry.check(id, { subscriptionId, isLast, nowMs }, context);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  const type = compressionTypes[request.compressionType];
  if (type === undefined) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
  const bytesMax = services.config.get("telemetry.max.bytes");
  if (metrics.length > bytesMax) return ErrorCode.TELEMETRY_TOO_LARGE;
  try {
    await loadCompression(type);
    const { codecs } = services;
    const unpacked = decompress(metrics, { type, codecs, bytesMax });
    const count = countMetrics(unpacked);
    telemetry.onPushed(id, { isLast, nowMs });
    services.logger.log("debug", "a client pushed metrics", {
      clientId,
      clientInstanceId: id,
      bytes: metrics.length,
      metrics: count,
    });
    return ErrorCode.NONE;
  } catch (error) {
    if (!(error instanceof DecodeFault || error instanceof PlatformFault)) throw error;
    return ErrorCode.INVALID_RECORD;
  }
}
