// Kafka's record batches: headers over bytes, records, building, checking, compression, markers.
// Pure: no clock, no I/O; gzip and zstd are handed in, since the runtime ships them.

export {
  assignBatch,
  attributeBits,
  attributesOf,
  baseOffsetOf,
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  compressionOf,
  crcHolds,
  lastOffsetOf,
  magicOf,
  readBatchHeader,
  stampLogAppendTime,
  withProducer,
} from "./batch.ts";
export { type BatchInput, BatchWriter, buildBatch, type RecordInput } from "./build.ts";
export {
  compressChunks,
  type CompressionType,
  compressionTypes,
  decompress,
  isCompressionLoaded,
  loadCompression,
  type RuntimeCodecs,
  unpackWeight,
} from "./compression.ts";
export { codecToLoad, type TopicCompression } from "./codec_choice.ts";
export {
  buildEndTransactionMarker,
  buildLeaderChange,
  buildSnapshotFooter,
  buildSnapshotHeader,
  type ControlRecord,
  ControlType,
  type ControlValue,
  readControlRecord,
  readControlValues,
} from "./control.ts";
export { codecToLoadForSet, downConvert } from "./down_conversion.ts";
export { runSliced } from "./heavy_steps.ts";
export {
  type FramedBatch,
  type FramedPayload,
  framePayload,
  type PayloadFormats,
} from "./framing.ts";
export {
  checkMessage,
  type LegacyMagic,
  type Message,
  messageSize,
  writeMessage,
} from "./legacy.ts";
export {
  checkFramed,
  checkFramedSliced,
  checkProducePayload,
  isHeavyPayload,
  type ProducePayload,
  unpackedBytesMost,
} from "./produce_payload.ts";
export { anyProduceRules, type ProduceRules } from "./produce_rules.ts";
export {
  batchPositions,
  type LogRecord,
  readAllRecords,
  readRecords,
  type RecordHeader,
} from "./record.ts";
export { RecordCursor } from "./record_cursor.ts";
export { type HeadVisitor, RecordHeads } from "./record_heads.ts";
export { RecordSelection } from "./record_selection.ts";
export {
  deleteHorizonOf,
  emptyBatch,
  horizonShiftMs,
  type KeptRecords,
  rebuiltBatch,
  thinnedBatch,
  unpackedRecords,
} from "./thinning.ts";
export { lightRecords, recordChunks, type StoredBatch, unpackingBytes } from "./unpacked_batch.ts";
export { StoredMessages } from "./stored_messages.ts";
export { checkBatch, payloadErrors, type Refusal } from "./validation.ts";
