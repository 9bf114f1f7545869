// Decides whether a payload may be appended and what it is, before anything is written: format and
// checksum, sizes, timestamps, and what the producers' state says. Pure: the caller writes.
//
// A client's payload is one batch and is checked in full. A coordinator's is ours: one or more
// batches, data or markers, whose structure is checked and whose checksum was just computed.
// Differs from Kafka: timestamps are judged by the batch's base and maximum, not record by record.

import type { BatchHeader, Refusal } from "../records/mod.ts";
import { checkBatch, checkProducePayload, readControlRecord } from "../records/mod.ts";
import type { LogConfig } from "./config.ts";
import { LogError } from "./errors.ts";
import type { ProducerBatch, ProducerState } from "./producer_state.ts";

/** Who sends a payload. */
export type AppendOrigin = "client" | "coordinator";

export interface PayloadContext {
  readonly origin: AppendOrigin;
  readonly config: LogConfig;
  readonly producers: ProducerState;
  readonly nowMs: number;
}

/** What may be appended; `duplicate` when it has been already. */
export interface Payload {
  readonly batches: readonly BatchHeader[];
  readonly duplicate: ProducerBatch | undefined;
}

export type PayloadCheck = Payload | { readonly refusal: Refusal };

function refuse(errorCode: number, message: string): { refusal: Refusal } {
  return { refusal: { errorCode, message } };
}

export function checkPayload(records: Uint8Array, context: PayloadContext): PayloadCheck {
  const { config } = context;
  const found = context.origin === "client" ? clientBatch(records, context) : ownBatches(records);
  if ("refusal" in found) return found;
  for (const { sizeBytes } of found.batches) {
    if (sizeBytes <= config.maxMessageBytes) continue;
    return refuse(
      LogError.MESSAGE_TOO_LARGE,
      `batch of ${sizeBytes} bytes exceeds max.message.bytes ${config.maxMessageBytes}`,
    );
  }
  if (records.length > config.segmentBytes) {
    return refuse(
      LogError.RECORD_LIST_TOO_LARGE,
      `${records.length} bytes exceed segment.bytes ${config.segmentBytes}`,
    );
  }
  return context.origin === "client"
    ? judgeClient(found.batches, context)
    : judgeMarkers(records, { batches: found.batches, context });
}

type Found = { readonly batches: readonly BatchHeader[] } | { readonly refusal: Refusal };

function clientBatch(records: Uint8Array, context: PayloadContext): Found {
  const keysRequired = context.config.cleanupPolicy.includes("compact");
  const check = checkProducePayload(records, { keysRequired });
  return "refusal" in check ? check : { batches: [check.header] };
}

function ownBatches(records: Uint8Array): Found {
  const batches: BatchHeader[] = [];
  for (let position = 0; position < records.length;) {
    const check = checkBatch(records, { position, skipCrc: true });
    if ("refusal" in check) return check;
    batches.push(check.header);
    position += check.header.sizeBytes;
  }
  return batches.length > 0 ? { batches } : refuse(LogError.INVALID_RECORD, "nothing to append");
}

function judgeClient(batches: readonly BatchHeader[], context: PayloadContext): PayloadCheck {
  const batch = batches[0];
  const { config, nowMs } = context;
  if (config.messageTimestampType === "CreateTime") {
    const { baseTimestamp, maxTimestamp } = batch;
    const tooOld = baseTimestamp >= 0 && baseTimestamp < nowMs - config.messageTimestampBeforeMaxMs;
    if (tooOld || maxTimestamp > nowMs + config.messageTimestampAfterMaxMs) {
      const time = tooOld ? baseTimestamp : maxTimestamp;
      return refuse(
        LogError.INVALID_TIMESTAMP,
        `timestamp ${time} is too far from the broker's time ${nowMs}`,
      );
    }
  }
  if (batch.producerId < 0) return { batches, duplicate: undefined };
  const check = context.producers.check(batch);
  if ("errorCode" in check) return { refusal: check };
  return { batches, duplicate: check.duplicate };
}

function judgeMarkers(
  records: Uint8Array,
  own: { batches: readonly BatchHeader[]; context: PayloadContext },
): PayloadCheck {
  let position = 0;
  for (const batch of own.batches) {
    if (batch.isControl && batch.producerId >= 0) {
      const refusal = own.context.producers.checkMarker(
        batch,
        readControlRecord(records, position),
      );
      if (refusal !== undefined) return { refusal };
    }
    position += batch.sizeBytes;
  }
  return { batches: own.batches, duplicate: undefined };
}
