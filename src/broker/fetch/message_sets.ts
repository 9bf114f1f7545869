// Reads for the consumers of before Kafka 0.11, who know message sets only: what the log has is
// converted on its way out.
//
// Differs from Kafka: for a consumer of an old message format, a batch that would take more memory
// to convert than the broker has for such work is refused with MESSAGE_TOO_LARGE, which clients do
// not retry; Kafka has no bound.
//
// Differs from Kafka: a read for such a consumer skips batches that hold nothing for it
// (transaction markers) until it finds a message or the end of the log; Kafka answers with nothing,
// and the consumer does not move on.

import type { MemoryShare } from "../../base/memory_share.ts";
import type { WorkSlices } from "../../base/pieces.ts";
import type { Requester } from "../../base/requester.ts";
import type { PartitionLog, ReadOptions, ReadResult } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  codecToLoadForSet,
  downConvert,
  type LegacyMagic,
  loadCompression,
  runSliced,
  type RuntimeCodecs,
} from "../../records/mod.ts";

export interface SetReadOptions extends ReadOptions {
  readonly magic: LegacyMagic;
  readonly unpackedBytesMax: number;
  readonly codecs: RuntimeCodecs;
  readonly slices: WorkSlices;
  /** What is unpacked is claimed here. */
  readonly memory: MemoryShare;
  readonly requester: Requester;
}

/** A message set, or why there is none. */
export interface SetReadResult extends ReadResult {
  readonly errorCode?: ErrorCode;
}

const nothing = new Uint8Array(0);

/** None that clients would ask again for: it comes to the same another time. */
const endingErrors = {
  "unsupported codec": ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
  "does not unpack": ErrorCode.CORRUPT_MESSAGE,
  "too large": ErrorCode.MESSAGE_TOO_LARGE,
} as const;

/** A message set from `offset` on, with its first message whole however large it is. */
export async function readMessageSet(
  log: PartitionLog,
  options: SetReadOptions,
): Promise<SetReadResult> {
  const { endOffset, magic, unpackedBytesMax } = options;
  const bytesMax = Math.max(1, options.maxBytes);
  let { offset } = options;
  while (offset < endOffset) {
    const { bytes, nextOffset, damage } = await log.read({ ...options, offset });
    if (damage !== undefined || bytes.length === 0) return { bytes: nothing, nextOffset, damage };
    await loadCodecsFor(bytes);
    const conversion = downConvert(bytes, { magic, fromOffset: offset, bytesMax });
    const converted = await runSliced(conversion, { ...options, bytesMax: unpackedBytesMax });
    if (converted.set.length > 0) {
      return { bytes: converted.set, nextOffset: converted.nextOffset };
    }
    if (converted.ending !== undefined) {
      return { bytes: nothing, nextOffset: offset, errorCode: endingErrors[converted.ending] };
    }
    offset = Math.max(nextOffset, converted.nextOffset);
  }
  return { bytes: nothing, nextOffset: offset };
}

async function loadCodecsFor(batches: Uint8Array): Promise<void> {
  let codec = codecToLoadForSet(batches);
  for (; codec !== undefined; codec = codecToLoadForSet(batches)) await loadCompression(codec);
}
