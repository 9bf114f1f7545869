// The log: partitions as append-only files in Kafka's format, and the data directory around them.
// It knows no requests. docs/format.md shows every file byte by byte.

export type { CompactionOptions } from "./compaction/compacted_log.ts";
export type { CompactionSummary } from "./compaction/compaction.ts";
export { type LogConfig, logConfigDefaults } from "./partition/config.ts";
export { LogCounters } from "./partition/counters.ts";
export { latestEpochIn } from "./partition/latest_epoch.ts";
export type { EpochEnd } from "./partition/epoch_cache.ts";
export { type FoundBatch, inspectBatches, inspectIndex } from "./recovery/inspect.ts";
export { parsePartitionFolderName, parseSegmentFileName } from "./directory/layout.ts";
export { readHomeNote, removeHomeNote, writeHomeNote } from "./directory/home_note.ts";
export { LogFolder, type LogFolderOptions } from "./directory/log_folder.ts";
export { openHandlesMax, openHandlesMin } from "./directory/open_handles.ts";
export type { AppendOptions, AppendResult, LogOptions } from "./partition/log_options.ts";
export { PartitionLog } from "./partition/partition_log.ts";
export { nameOf, parentOf, withoutEnd } from "./directory/paths.ts";
export { type FolderAside, foldersAside } from "./directory/set_aside.ts";
export { readQuorumState, writeQuorumState } from "./directory/quorum_state.ts";
export { ReadAhead } from "./reading/read_ahead.ts";
export { ReadBuffers } from "./reading/read_buffers.ts";
export type { ReadOptions, ReadResult } from "./reading/batch_reads.ts";
export type { Verification, VerificationStart } from "./producers/verifications.ts";
export { decodeSnapshot } from "./producers/producer_snapshot.ts";
export {
  carryOutRepair,
  checkpointedOffsets,
  forgetRecovery,
  giveUpRecords,
  planRepair,
  type RepairStep,
} from "./recovery/repair.ts";
export { restartLog } from "./recovery/restart.ts";
export { Slices } from "./pacing/slices.ts";
export {
  listSnapshots,
  readSnapshot,
  removeSnapshots,
  type SnapshotFile,
  writeSnapshot,
} from "./directory/snapshots.ts";
export { sparingFiles } from "./directory/sparing_files.ts";
export { TrialFiles } from "./directory/trial_files.ts";
export { tryWriting } from "./directory/write_test_file.ts";
export { readWholeFile } from "./files/whole_file.ts";
