// The log: partitions as append-only files in Kafka's format, and the data directory around them.
// It knows no requests. docs/format.md shows every file byte by byte.

export type {
  Compaction,
  CompactionOptions,
  CompactionOutlook,
  CompactionSummary,
} from "./compaction/compaction.ts";
export { type LogConfig, logConfigDefaults } from "./config.ts";
export { LogCounters } from "./counters.ts";
export { DirectoryState, freeBytesMinDefault } from "./directory/directory_state.ts";
export type { EpochEnd } from "./epoch_cache.ts";
export { LogError } from "./errors.ts";
export {
  type FileProblem,
  type FoundBatch,
  type IndexEntry,
  inspectBatches,
  inspectIndex,
} from "./recovery/inspect.ts";
export { parsePartitionFolderName, parseSegmentFileName, type PartitionFolder } from "./layout.ts";
export type { CheckpointedLog, LogCheckpoint, LogName } from "./directory/folder_checkpoints.ts";
export {
  type ClosedLog,
  type FoundPartition,
  LogFolder,
  type LogFolderOptions,
} from "./directory/log_folder.ts";
export type { AppendOptions, AppendResult, LogOptions } from "./log_options.ts";
export { OpenHandles } from "./directory/open_handles.ts";
export { PartitionLog } from "./partition_log.ts";
export type { AppendOrigin } from "./payload.ts";
export type { ProducerBatch, ProducerEntry } from "./producers/producer_state.ts";
export { type QuorumState, readQuorumState, writeQuorumState } from "./directory/quorum_state.ts";
export { ReadAhead } from "./reading/read_ahead.ts";
export { ReadBuffers } from "./reading/read_buffers.ts";
export type { ReadOptions, ReadResult } from "./reading/batch_reads.ts";
export { decodeSnapshot } from "./producers/producer_snapshot.ts";
export {
  carryOutRepair,
  checkpointedOffsets,
  forgetRecovery,
  giveUpRecords,
  type OffsetGap,
  planRepair,
  type RepairPlan,
  type RepairStep,
} from "./recovery/repair.ts";
export { Slices } from "./slices.ts";
export {
  listSnapshots,
  readSnapshot,
  removeSnapshots,
  type SnapshotFile,
  writeSnapshot,
} from "./snapshots.ts";
export { TrialFiles } from "./directory/trial_files.ts";
export type { TimestampOffset } from "./reading/time_lookup.ts";
export type { AbortedTransaction } from "./segment/txn_index.ts";
export { readWholeFile } from "./files/whole_file.ts";
