// Kafka's record batches: headers over bytes, records, building, checking, compression, markers.
// Pure: no clock, no I/O; gzip and zstd are handed in, since the runtime ships them.

export {
  assignBatch,
  attributeBits,
  attributesOf,
  baseOffsetOf,
  type BatchHeader,
  batchLengthMin,
  batchOverheadBytes,
  batchSizeOf,
  compressionOf,
  crcHolds,
  lastOffsetOf,
  logOverheadBytes,
  magicOf,
  maxTimestampOf,
  readBatchHeader,
  renewCrc,
  stampLogAppendTime,
} from "./batch.ts";
export { type BatchInput, buildBatch, type RecordInput } from "./build.ts";
export {
  compress,
  type CompressionType,
  compressionTypes,
  decompress,
  isCompressionLoaded,
  loadCompression,
  type RuntimeCodecs,
} from "./compression.ts";
export {
  buildEndTransactionMarker,
  buildLeaderChange,
  type ControlRecord,
  ControlType,
  readControlRecord,
} from "./control.ts";
export {
  batchPositions,
  type LogRecord,
  readAllRecords,
  readRecords,
  type RecordBody,
  type RecordHeader,
} from "./record.ts";
export {
  type BatchCheck,
  checkBatch,
  checkProducePayload,
  payloadErrors,
  type Refusal,
} from "./validation.ts";
