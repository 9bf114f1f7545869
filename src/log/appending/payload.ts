// Decides whether a payload may be appended and what it is, before anything is written: format and
// checksum, sizes, records, and what the producers' state says. Pure: the caller writes.
//
// A client's payload becomes one batch, mostly the bytes that came, and is checked to its last
// record. A coordinator's is ours: one or more batches, data or markers, whose structure is checked
// and whose checksum was just computed.

import type { Offset } from "../../base/ids.ts";
import { firstOf } from "../../base/items.ts";
import type {
  BatchHeader,
  FramedPayload,
  ProducePayload,
  ProduceRules,
  Refusal,
  RuntimeCodecs,
} from "../../records/mod.ts";
import {
  checkBatch,
  checkFramed,
  checkProducePayload,
  readControlRecord,
} from "../../records/mod.ts";
import type { LogConfig } from "../partition/config.ts";
import { LogError } from "./errors.ts";
import type {
  ProducerBatch,
  ProducerState,
  TransactionCheck,
} from "../producers/producer_state.ts";
import type { Verification } from "../producers/verifications.ts";

/** Who sends a payload. */
export type AppendOrigin = "client" | "coordinator" | "metadata" | "replica" | "journal";

/** Whether the batches are copies that have their places already. */
export function isCopied(origin: AppendOrigin): boolean {
  return origin === "replica" || origin === "journal";
}

export interface PayloadContext {
  readonly origin: AppendOrigin;
  readonly config: LogConfig;
  readonly producers: ProducerState;
  readonly nowMs: number;
  readonly codecs: RuntimeCodecs | undefined;
  /** A leader's batches begin there, or behind it. */
  readonly logEndOffset: Offset;
  /** A client's payload, where its frame was checked before. */
  readonly framed?: FramedPayload;
  /** What it came to, where all of it was, in slices. */
  readonly checked?: ProducePayload;
  /** What was verified of the transaction that the payload may begin. */
  readonly verification?: Verification;
  /** Of a marker: the version of the transaction's protocol; 0 by default. */
  readonly transactionVersion?: number;
}

/** What may be appended; `duplicate` when it has been already. */
export interface Payload {
  /** What to write: the bytes that came, unless they are stored in another form. */
  readonly records: Uint8Array;
  readonly batches: readonly BatchHeader[];
  readonly duplicate: ProducerBatch | undefined;
}

export type PayloadCheck = Payload | { readonly refusal: Refusal };

function refuse(errorCode: number, message: string): { refusal: Refusal } {
  return { refusal: { errorCode, message } };
}

export function checkPayload(payload: Uint8Array, context: PayloadContext): PayloadCheck {
  if (isCopied(context.origin)) return copiedBatches(payload, context.logEndOffset);
  const isClient = context.origin === "client";
  const found = isClient ? clientBatch(payload, context) : ownBatches(payload, context);
  if ("refusal" in found) return found;
  const { length } = found.records;
  const { segmentBytes } = context.config;
  // What we write ourselves cannot be made smaller by anyone: it gets a segment of its own.
  if (isClient && length > segmentBytes) {
    const message = `${length} bytes exceed segment.bytes ${segmentBytes}`;
    return refuse(LogError.RECORD_LIST_TOO_LARGE, message);
  }
  return isClient ? judgeClient(found, context) : judgeOwn(found, context);
}

/** A leader has judged them; what may have happened on the way is looked for. */
function copiedBatches(records: Uint8Array, logEndOffset: Offset): PayloadCheck {
  const batches: BatchHeader[] = [];
  let nextOffset = logEndOffset;
  for (let position = 0; position < records.length;) {
    const check = checkBatch(records, { position });
    if ("refusal" in check) return check;
    const { baseOffset, lastOffset, sizeBytes } = check.header;
    if (baseOffset < nextOffset) {
      const message = `a leader's batch begins at ${baseOffset}, which is below ${nextOffset}`;
      return refuse(LogError.INVALID_RECORD, message);
    }
    batches.push(check.header);
    nextOffset = lastOffset + 1;
    position += sizeBytes;
  }
  return batches.length > 0
    ? { records, batches, duplicate: undefined }
    : refuse(LogError.INVALID_RECORD, "nothing to append");
}

interface Batches {
  readonly records: Uint8Array;
  readonly batches: readonly BatchHeader[];
}

type Found = Batches | { readonly refusal: Refusal };

function clientBatch(payload: Uint8Array, context: PayloadContext): Found {
  const check = context.checked ?? checkClient(payload, context);
  return "refusal" in check ? check : { records: check.batch, batches: [check.header] };
}

function checkClient(payload: Uint8Array, context: PayloadContext): ProducePayload {
  const { framed } = context;
  const rules = produceRules(context);
  return framed === undefined ? checkProducePayload(payload, rules) : checkFramed(framed, rules);
}

/** What a topic asks of what clients send. */
export function produceRules(
  { config, nowMs, codecs }: Pick<PayloadContext, "config" | "nowMs" | "codecs">,
): ProduceRules {
  const { timestampMin, timestampMax } = timestampBounds(config, nowMs);
  return {
    keysRequired: config.cleanupPolicy.includes("compact"),
    timestampMin,
    timestampMax,
    compression: config.compression,
    compressionLevel: config.compressionLevel,
    batchBytesMax: config.maxMessageBytes,
    unpackedBytesMax: config.unpackedBytesMax,
    codecs,
  };
}

/** What a client's own time may be. A bound past 2^53 ms is none. */
function timestampBounds(config: LogConfig, nowMs: number) {
  const { messageTimestampBeforeMaxMs: beforeMs, messageTimestampAfterMaxMs: afterMs } = config;
  const unlimited = Number.MAX_SAFE_INTEGER;
  const timestampMax = afterMs < unlimited ? nowMs + afterMs : Infinity;
  if (config.messageTimestampType !== "CreateTime") {
    return { timestampMin: -Infinity, timestampMax: Infinity };
  }
  if (beforeMs < unlimited) return { timestampMin: nowMs - beforeMs, timestampMax };
  // Kafka's difference to now wraps there: what is so long ago is in the far future for it.
  const timestampMin = timestampMax === Infinity ? -Infinity : nowMs - 2 ** 63;
  return { timestampMin, timestampMax };
}

function ownBatches(records: Uint8Array, { config }: PayloadContext): Found {
  const batches: BatchHeader[] = [];
  for (let position = 0; position < records.length;) {
    const check = checkBatch(records, { position, skipCrc: true });
    if ("refusal" in check) return check;
    const { sizeBytes } = check.header;
    if (sizeBytes > config.maxMessageBytes) {
      const message =
        `batch of ${sizeBytes} bytes exceeds max.message.bytes ${config.maxMessageBytes}`;
      return refuse(LogError.MESSAGE_TOO_LARGE, message);
    }
    batches.push(check.header);
    position += sizeBytes;
  }
  return batches.length > 0
    ? { records, batches }
    : refuse(LogError.INVALID_RECORD, "nothing to append");
}

function judgeClient({ records, batches }: Batches, context: PayloadContext): PayloadCheck {
  const batch = firstOf(batches);
  if (batch.producerId < 0) return { records, batches, duplicate: undefined };
  const check = context.producers.check(batch, transactionCheck(context));
  if ("errorCode" in check) return { refusal: check };
  return { records, batches, duplicate: check.duplicate };
}

function judgeOwn({ records, batches }: Batches, context: PayloadContext): PayloadCheck {
  const { producers, transactionVersion = 0 } = context;
  let position = 0;
  for (const batch of batches) {
    if (batch.producerId >= 0) {
      const refusal = batch.isControl
        ? producers.checkMarker(batch, {
          control: readControlRecord(records, position),
          transactionVersion,
        })
        : producers.checkOwn(batch, transactionCheck(context));
      if (refusal !== undefined) return { refusal };
    }
    position += batch.sizeBytes;
  }
  return { records, batches, duplicate: undefined };
}

function transactionCheck({ config, verification }: PayloadContext): TransactionCheck {
  return { verification, isRequired: config.transactionsAreVerified };
}
