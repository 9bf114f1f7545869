// `ottla log repair`: what is damaged in a data folder, and, with --yes, without it.
//
//   lock --> read every log --> print what would be cut --(--yes)--> clean marker away, recovery
//                                                                    points down, cut
//
// Invariant: without --yes nothing is written, and never while a broker has the folder: the lock is
// held from the first look to the last write.

import { DecodeFault, UsageFault } from "../../base/faults.ts";
import {
  carryOutRepair,
  checkpointedOffsets,
  forgetRecovery,
  giveUpRecords,
  nameOf,
  parentOf,
  parsePartitionFolderName,
  planRepair,
  type RepairStep,
  withoutEnd,
} from "../../log/mod.ts";
import type { Codecs, Files } from "../../runtime/ports.ts";
import { type CliContext, exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { linePrinter, type PrintLine } from "./lines.ts";

export interface RepairOptions {
  readonly folder: string;
  readonly yes: boolean;
  readonly json: boolean;
  readonly fillGaps: boolean;
}

/** Of a log that no checkpoint knows. */
const nothing = { recoveryPoint: 0, logStartOffset: 0 };

/** Repairs, or says what it would do; the exit code is 1 when damage is left. */
export async function repairFolder(context: CliContext, options: RepairOptions): Promise<number> {
  const { files, codecs } = context.runtime;
  const { dataFolder, names } = foldersOf(files, withoutEnd(options.folder, files));
  const points = readPoints(files, dataFolder);
  const print = linePrinter(context, options);
  const lock = files.lock(dataFolder);
  try {
    let damaged = 0;
    for (const name of names) {
      const isDamaged = await repairPartition(files, {
        dataFolder,
        name,
        print,
        codecs,
        checkpoint: points.get(name) ?? nothing,
        ...options,
      });
      if (isDamaged) damaged++;
    }
    const count = (n: number) => counted(n, "partition");
    if (damaged === 0) context.note(`no damage in ${count(names.length)}`);
    else if (options.yes) context.note(`repaired ${damaged} of ${count(names.length)}`);
    else context.note(`nothing is changed yet: add --yes to repair ${count(damaged)}`);
    return damaged > 0 && !options.yes ? exitCode.failed : exitCode.ok;
  } finally {
    lock.release();
  }
}

/** The folder that a broker would lock, and the partitions in it that are meant. */
function foldersOf(files: Files, folder: string): { dataFolder: string; names: string[] } {
  const isLog = (name: string, path: string) =>
    parsePartitionFolderName(name)?.state === "live" && files.stat(path)?.isDirectory === true &&
    files.list(path).some((each) => each.endsWith(".log"));
  const [name, above] = [nameOf(folder, files), parentOf(folder, files)];
  if (isLog(name, folder) || wasOnDisk(readPoints(files, above).get(name))) {
    return { dataFolder: above, names: [name] };
  }
  if (files.stat(folder) === undefined) throw new UsageFault(`there is no folder ${folder}`);
  const lost = [...readPoints(files, folder)].flatMap(([each, of]) => wasOnDisk(of) ? each : []);
  const found = files.list(folder).filter((each) => isLog(each, `${folder}/${each}`));
  const names = [...new Set([...found, ...lost])];
  if (names.length > 0) return { dataFolder: folder, names };
  throw new UsageFault(`${folder} is neither a data folder nor a partition's folder in one`);
}

async function repairPartition(
  files: Files,
  at: RepairOptions & {
    dataFolder: string;
    name: string;
    print: PrintLine;
    codecs: Codecs;
    checkpoint: { recoveryPoint: number; logStartOffset: number };
  },
): Promise<boolean> {
  const { dataFolder, name, print, checkpoint } = at;
  const { recoveryPoint: lostBelow } = checkpoint;
  const folder = `${dataFolder}/${name}`;
  const hasLog = files.stat(folder)?.isDirectory === true &&
    files.list(folder).some((each) => each.endsWith(".log"));
  if (!hasLog) {
    const reason = "its files are gone";
    print(at.yes ? "lost" : "damage", {
      partition: name,
      fromOffset: 0,
      toOffset: lostBelow,
      reason,
    });
    if (at.yes) await giveUpRecords(files, dataFolder, { name, recoveryPoint: lostBelow });
    return true;
  }
  const { steps, gaps } = await planRepair(files, folder, { ...at, ...checkpoint });
  for (const gap of gaps) print("gap", { partition: name, ...gap });
  for (const step of steps) print(wordOf(step, at), stepFields(name, step));
  const [first] = steps;
  if (first === undefined) return false;
  if (!at.yes) return true;
  const { topic, partition } = parsePartitionFolderName(name)!;
  const recoveryPoint = first.segmentBaseOffset;
  await forgetRecovery(files, { folder: dataFolder, topic, partition, recoveryPoint });
  for (const file of await carryOutRepair(files, folder, { steps, codecs: at.codecs })) {
    print("kept", { file });
  }
  return true;
}

function wordOf({ isOld }: RepairStep, { yes }: { readonly yes: boolean }): string {
  if (isOld === true) return yes ? "converted" : "old";
  return yes ? "cut" : "damage";
}

function wasOnDisk(checkpoint: { recoveryPoint: number } = nothing): boolean {
  return checkpoint.recoveryPoint > 0;
}

function readPoints(files: Files, folder: string): ReturnType<typeof checkpointedOffsets> {
  try {
    return checkpointedOffsets(files, folder);
  } catch (error) {
    // Nothing can be compared with a checkpoint that is damaged; a start scans all logs then.
    if (error instanceof DecodeFault) return new Map();
    throw error;
  }
}

function stepFields(partition: string, step: RepairStep): Record<string, unknown> {
  const { segmentBaseOffset, position, endPosition, fromOffset, toOffset, reason } = step;
  return {
    partition,
    segment: segmentBaseOffset,
    position,
    bytes: endPosition - position,
    fromOffset,
    toOffset: toOffset ?? "end",
    reason,
  };
}
