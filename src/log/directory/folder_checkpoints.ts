// What the checkpoint files of a data directory say of its logs, and what they say next.
//
//   recovery-point-, log-start-, replication-, cleaner-offset-checkpoint    Kafka's
//   .ottla_checkpointed_topics    topic, partition and topic id of each line: ours, written behind
//                                 the others, and only when it changed
//
// The ids tell a line of this topic from one of a topic that had its name before, which a crash
// may leave. Where nothing tells, in what Kafka left uncleanly, a line may be such a one: what it
// says is used where it can only cost a scan, and proves no loss.
//
// Invariant: what the files say of a log that is not open, since it could not be opened or is not
// yet, stays in them until the log is forgotten. So a loss that was noticed once is noticed again.

import { DecodeFault } from "../../base/faults.ts";
import { isUuid, type Offset, type PartitionId, type Uuid } from "../../base/ids.ts";
import type { Files, Logger } from "../../runtime/ports.ts";
import {
  checkpointLines,
  decodeOffsets,
  encodeLines,
  encodeOffsets,
  type OffsetCheckpoint,
} from "./checkpoints.ts";
import { fileNames, parsePartitionFolderName, partitionFolderName } from "./layout.ts";
import { readWholeFile, writeWholeFileDurably } from "../files/whole_file.ts";

/** What the checkpoints say of a log; a PartitionLog fits. */
export interface CheckpointedLog {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  readonly recoveryPoint: Offset;
  readonly logStartOffset: Offset;
  /** What is on disk, where nobody says otherwise: without followers that is what counts. */
  readonly highWatermark?: Offset;
  /** Where compaction goes on; undefined: it never began. */
  readonly firstDirtyOffset?: Offset;
}

/** Which log is asked for. */
export interface LogName {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
}

/** What to open a log with; 0 where the files do not know it. */
export interface LogCheckpoint {
  readonly recoveryPoint: Offset;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly firstDirtyOffset: Offset | undefined;
  /** Whether it may be of a topic that had the name before. */
  readonly mayBeStale: boolean;
}

const offsetFiles = [
  fileNames.recoveryPoints,
  fileNames.logStartOffsets,
  fileNames.highWatermarks,
  fileNames.firstDirtyOffsets,
] as const;
type OffsetFile = typeof offsetFiles[number];

/** Where the files are. */
export interface CheckpointFolder {
  readonly files: Files;
  readonly path: string;
  readonly logger: Logger;
  /** Whether the files say what was there at the end: then no line is of an earlier topic. */
  readonly cleanShutdown: boolean;
}

export class FolderCheckpoints {
  readonly #folder: CheckpointFolder;
  /** What was read, by the name of the partition's folder. */
  readonly #offsets: ReadonlyMap<OffsetFile, Map<string, Offset>>;
  readonly #topicIds: Map<string, Uuid>;
  /** What the file says of them. */
  #writtenIds: ReadonlyMap<string, Uuid>;
  #hasCompacted = false;

  /** Reads the files. A damaged one costs a scan, and is said. */
  constructor(folder: CheckpointFolder) {
    this.#folder = folder;
    this.#offsets = new Map(offsetFiles.map((name) => [name, readOffsets(folder, name)]));
    this.#topicIds = readTopicIds(folder);
    this.#writtenIds = new Map(this.#topicIds);
  }

  of({ topic, partition, topicId }: LogName): LogCheckpoint {
    const name = partitionFolderName(topic, partition);
    const known = this.#topicIds.get(name);
    const isAnothers = known !== undefined && known !== topicId;
    const of = (file: OffsetFile) => isAnothers ? undefined : this.#offsets.get(file)!.get(name);
    return {
      recoveryPoint: of(fileNames.recoveryPoints) ?? 0,
      logStartOffset: of(fileNames.logStartOffsets) ?? 0,
      highWatermark: of(fileNames.highWatermarks) ?? 0,
      firstDirtyOffset: of(fileNames.firstDirtyOffsets),
      mayBeStale: known === undefined && !this.#folder.cleanShutdown,
    };
  }

  /**
   * Whether the files, as they were written last, speak of a log of this name and topic: a new one
   * would be held against what they say, should a crash come before they are written again.
   */
  isInFiles({ topic, partition, topicId }: LogName): boolean {
    return this.#writtenIds.get(partitionFolderName(topic, partition)) === topicId;
  }

  /** Forgets those that `isGone` names: a later log of their name has nothing to do with them. */
  forget(isGone: (topic: string, partition: PartitionId) => boolean): void {
    for (const byName of [...this.#offsets.values(), this.#topicIds]) {
      for (const name of byName.keys()) {
        const parsed = parsePartitionFolderName(name);
        if (parsed === undefined || isGone(parsed.topic, parsed.partition)) byName.delete(name);
      }
    }
  }

  /** Forgets one of them. */
  forgetOne(topic: string, partition: PartitionId): void {
    const name = partitionFolderName(topic, partition);
    for (const offsets of this.#offsets.values()) offsets.delete(name);
    this.#topicIds.delete(name);
  }

  /** Writes the files, `logs` being all that are open now. One call at a time. */
  async write(logs: readonly CheckpointedLog[]): Promise<void> {
    await this.#write(fileNames.recoveryPoints, logs, (log) => log.recoveryPoint);
    await this.writeLogStarts(logs);
    const { highWatermarks, firstDirtyOffsets } = fileNames;
    await this.#write(highWatermarks, logs, (log) => log.highWatermark ?? log.recoveryPoint);
    this.#hasCompacted ||= this.#offsets.get(firstDirtyOffsets)!.size > 0 ||
      logs.some((log) => log.firstDirtyOffset !== undefined);
    if (this.#hasCompacted) {
      await this.#write(firstDirtyOffsets, logs, (log) => log.firstDirtyOffset);
    }
    await this.#writeTopicIds(logs);
  }

  /** Writes where all logs begin. */
  writeLogStarts(logs: readonly CheckpointedLog[]): Promise<void> {
    return this.#write(fileNames.logStartOffsets, logs, (log) => log.logStartOffset || undefined);
  }

  async #write(
    name: OffsetFile,
    logs: readonly CheckpointedLog[],
    offsetOf: (log: CheckpointedLog) => Offset | undefined,
  ): Promise<void> {
    const lines: OffsetCheckpoint[] = [];
    const open = new Set<string>();
    for (const log of logs) {
      const { topic, partition } = log;
      open.add(partitionFolderName(topic, partition));
      const offset = offsetOf(log);
      if (offset !== undefined) lines.push({ topic, partition, offset });
    }
    for (const [folderName, offset] of this.#offsets.get(name)!) {
      const parsed = open.has(folderName) ? undefined : parsePartitionFolderName(folderName);
      if (parsed !== undefined) lines.push({ ...parsed, offset });
    }
    const { files, path: folder } = this.#folder;
    await writeWholeFileDurably(files, { folder, name, bytes: encodeOffsets(lines) });
  }

  async #writeTopicIds(logs: readonly CheckpointedLog[]): Promise<void> {
    const ids = new Map(this.#topicIds);
    for (const log of logs) ids.set(partitionFolderName(log.topic, log.partition), log.topicId);
    if (areSame(ids, this.#writtenIds)) return;
    const lines = Array.from(ids, ([folderName, id]) => {
      const { topic, partition } = parsePartitionFolderName(folderName)!;
      return `${topic} ${partition} ${id}`;
    });
    const { files, path: folder } = this.#folder;
    const name = fileNames.checkpointedTopics;
    await writeWholeFileDurably(files, { folder, name, bytes: encodeLines(lines) });
    this.#writtenIds = ids;
  }
}

function areSame(a: ReadonlyMap<string, Uuid>, b: ReadonlyMap<string, Uuid>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, id] of a) if (b.get(name) !== id) return false;
  return true;
}

function readOffsets(folder: CheckpointFolder, name: OffsetFile): Map<string, Offset> {
  const lines = read(folder, { name, decode: decodeOffsets });
  return new Map(
    lines.map(({ topic, partition, offset }) => [partitionFolderName(topic, partition), offset]),
  );
}

function readTopicIds(folder: CheckpointFolder): Map<string, Uuid> {
  const lines = read(folder, { name: fileNames.checkpointedTopics, decode: checkpointLines });
  const ids = new Map<string, Uuid>();
  for (const [topic = "", partition, id = ""] of lines) {
    const name = partitionFolderName(topic, Number(partition));
    if (parsePartitionFolderName(name) !== undefined && isUuid(id)) ids.set(name, id);
  }
  return ids;
}

function read<T>(
  { files, path, logger }: CheckpointFolder,
  file: { readonly name: string; readonly decode: (bytes: Uint8Array) => T[] },
): T[] {
  const bytes = readWholeFile(files, `${path}/${file.name}`);
  // Kafka leaves an empty file until it writes its first checkpoint.
  if (bytes === undefined || bytes.length === 0) return [];
  try {
    return file.decode(bytes);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    logger.log("warn", "checkpoint is damaged; logs are scanned from their start", {
      file: `${path}/${file.name}`,
      reason: error.message,
    });
    return [];
  }
}
