// `ottla log dump`: any file of a data folder, by its name; a folder is what is known of its files
// and of the folders in it.
//
//   .log .cut .checkpoint            batches, and with --records what is in them
//   .index .timeindex .txnindex      entries
//   .snapshot                        producers
//   *-checkpoint, quorum-state, ...  lines of text
//
// Invariant: damage is printed as a `problem` with its place, and the rest of the file, and the
// other files, follow all the same. The exit code says whether there was any.

import { fromUtf8 } from "../../base/bytes.ts";
import { DecodeFault, messageOf, PlatformFault } from "../../base/faults.ts";
import {
  decodeSnapshot,
  inspectIndex,
  nameOf,
  parentOf,
  parsePartitionFolderName,
  readWholeFile,
  withoutEnd,
} from "../../log/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import { type CliContext, exitCode } from "../context.ts";
import { dumpBatches, type DumpedFile } from "./dump_batches.ts";
import { linePrinter, type PrintLine } from "./lines.ts";

export interface DumpOptions {
  readonly paths: readonly string[];
  readonly records: boolean;
  readonly json: boolean;
}

const binary = /\.(log|cut|checkpoint|index|timeindex|txnindex|snapshot)(\.\w+)?$/;
const jsonFile = /^(quorum-state|\.kafka_cleanshutdown)$/;
const properties = /^partition\.metadata$|\.properties(\.tmp)?$/;
const places = /-checkpoint(\.tmp)?$/;

const notKnown = "a data folder has no such file, as far as is known here";

/** Prints the files; the exit code is 1 when one is damaged or cannot be read. */
export async function dumpFiles(context: CliContext, options: DumpOptions): Promise<number> {
  const printLine = linePrinter(context, options);
  let problems = 0;
  const print: PrintLine = (type, fields) => {
    if (type === "problem") problems++;
    printLine(type, fields);
  };
  for (const path of options.paths.flatMap((path) => filesAt(context, path))) {
    print("file", { path });
    try {
      await dumpFile(context, fileOf(path, context.runtime.files), { ...options, print });
    } catch (error) {
      const isKnown = error instanceof DecodeFault || error instanceof PlatformFault;
      if (!isKnown) throw error;
      print("problem", { path, problem: messageOf(error) });
    }
  }
  return problems === 0 ? exitCode.ok : exitCode.failed;
}

/** The file, or those that a folder holds, in the order of their names. */
function filesAt(context: CliContext, path: string): string[] {
  const { files } = context.runtime;
  if (!(files.stat(path)?.isDirectory ?? false)) return [path];
  const folder = withoutEnd(path, files);
  return files.list(folder).flatMap((name) => {
    const within = `${folder}/${name}`;
    if (files.stat(within)?.isDirectory) return filesAt(context, within);
    return isKnown(name) ? [within] : [];
  });
}

/** By its name; of others it is said that they are not, where they are named themselves. */
function isKnown(name: string): boolean {
  return binary.test(name) || jsonFile.test(name) || properties.test(name) || places.test(name);
}

function fileOf(path: string, files: Files): DumpedFile {
  const name = nameOf(path, files);
  const folder = parsePartitionFolderName(nameOf(parentOf(path, files), files));
  const isSnapshot = /\.checkpoint(\.|$)/.test(name);
  const digits = isSnapshot ? "0" : /^\d{20}/.exec(name)?.[0] ?? "0";
  return { path, name, baseOffset: Number(digits), topic: folder?.topic ?? "" };
}

async function dumpFile(
  context: CliContext,
  file: DumpedFile,
  options: DumpOptions & { print: PrintLine },
): Promise<void> {
  const { files } = context.runtime;
  const { print } = options;
  const kind = binary.exec(file.name);
  switch (kind?.[1]) {
    case "log":
    case "cut":
    case "checkpoint":
      return await dumpBatches(context, file, options);
    case "index":
    case "timeindex":
    case "txnindex": {
      const of = { kind: kind[1], baseOffset: file.baseOffset } as const;
      for (const entry of inspectIndex(wholeFile(files, file.path), of)) {
        print("problem" in entry ? "problem" : "entry", entry);
      }
      return;
    }
    case "snapshot": {
      for (const { batches, ...producer } of decodeSnapshot(wholeFile(files, file.path))) {
        for (const batch of batches.length > 0 ? batches : [undefined]) {
          print("producer", {
            ...producer,
            lastSequence: batch?.lastSequence,
            lastOffset: batch?.lastOffset,
            offsetDelta: batch?.offsetDelta,
          });
        }
      }
      return;
    }
    default:
      dumpText(file, wholeFile(files, file.path), print);
  }
}

function wholeFile(files: CliContext["runtime"]["files"], path: string): Uint8Array {
  const bytes = readWholeFile(files, path);
  if (bytes === undefined) throw new DecodeFault("there is no such file");
  return bytes;
}

/** Properties, checkpoints and JSON are text already: what it says by its fields. */
function dumpText({ name }: DumpedFile, bytes: Uint8Array, print: PrintLine): void {
  if (bytes.includes(0)) throw new DecodeFault(notKnown);
  const lines = fromUtf8(bytes).split(/\r?\n/).filter((line) => line !== "");
  if (jsonFile.test(name)) {
    return print("state", jsonObject(lines.join("\n")));
  }
  if (properties.test(name)) {
    for (const line of lines) {
      const [, key, value] = /^([^#=:\s]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
      if (key !== undefined) print("property", { [key]: value });
    }
    return;
  }
  if (!places.test(name)) throw new DecodeFault(notKnown);
  const [version, count, ...entries] = lines;
  if (version !== "0") print("problem", { problem: `version ${version ?? "missing"}, not 0` });
  if (Number(count) !== entries.length) {
    print("problem", { problem: `it says ${count} entries and has ${entries.length}` });
  }
  for (const line of entries) {
    const words = line.split(/\s+/);
    const [epoch, startOffset] = words.map(Number);
    if (words.length === 2) print("entry", { epoch, startOffset });
    else print("entry", { topic: words[0], partition: Number(words[1]), offset: Number(words[2]) });
  }
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DecodeFault(`it is no JSON: ${messageOf(error)}`);
  }
}
