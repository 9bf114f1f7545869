// What a data directory remembers of the home of its metadata, where that is not a log of its own:
// which one it is, and how far it had come. JSON, written whole, beside the logs.
//
//   <data-dir>/.ottla_home     {"home": "etcd", "cluster": "main", "revision": 123, ...}
//
// Invariant: while it is there, the directory's own metadata log, if it has one, is out of date. So
// one who finds it and asks another home is to stop.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import type { Files } from "../../runtime/ports.ts";
import { readWholeFile, writeWholeFileDurably } from "../files/whole_file.ts";
import { fileNames } from "./layout.ts";

type HomeNote = Readonly<Record<string, string | number>>;

/** What is remembered; undefined: nothing. Throws DecodeFault on what no broker has written. */
export function readHomeNote(files: Files, folder: string): HomeNote | undefined {
  const path = `${folder}/${fileNames.home}`;
  const bytes = readWholeFile(files, path);
  if (bytes === undefined) return undefined;
  try {
    const note: unknown = JSON.parse(fromUtf8(bytes));
    if (typeof note === "object" && note !== null) return note as HomeNote;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DecodeFault(`${path} says nothing of where the metadata is: it is damaged`);
}

/** Remembers `note`, durably when it resolves. */
export async function writeHomeNote(files: Files, folder: string, note: HomeNote): Promise<void> {
  const bytes = utf8(JSON.stringify(note) + "\n");
  await writeWholeFileDurably(files, { folder, name: fileNames.home, bytes });
}

/** Forgets it, durably when it resolves: the directory's own metadata counts again. */
export async function removeHomeNote(files: Files, folder: string): Promise<void> {
  files.remove(`${folder}/${fileNames.home}`);
  await files.syncFolder(folder);
}
