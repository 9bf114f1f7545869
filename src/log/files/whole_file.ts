// Small files that are read and written whole: checkpoints, properties, snapshots, indexes.
//
//   durable:  write x.tmp -> sync it -> rename to x -> sync the folder
//   plain:    write x.tmp -> rename to x             (a reader sees the old or the new file, whole)

import type { Files, OpenFile } from "../../runtime/ports.ts";
import { isPlatformFault } from "../../base/faults.ts";
import { temporarySuffix } from "../directory/layout.ts";

/** The bytes of a file, or undefined when there is none. */
export function readWholeFile(files: Files, path: string): Uint8Array | undefined {
  const file = openIfThere(files, path);
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(file.size);
    return bytes.subarray(0, file.readAt(0, bytes));
  } finally {
    file.close();
  }
}

/** As {@link readWholeFile}, without blocking the event loop. */
export async function readWholeFileAsync(
  files: Files,
  path: string,
): Promise<Uint8Array | undefined> {
  const file = openIfThere(files, path);
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(file.size);
    return bytes.subarray(0, await file.readAtAsync(0, bytes));
  } finally {
    file.close();
  }
}

function openIfThere(files: Files, path: string): OpenFile | undefined {
  try {
    return files.open(path, "read");
  } catch (error) {
    if (isPlatformFault(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Puts `bytes` at `path` by a rename. Durable once the file and its folder are synced. */
export function writeWholeFile(files: Files, path: string, bytes: Uint8Array): void {
  const temporary = path + temporarySuffix;
  const file = files.open(temporary, "create");
  try {
    file.append(bytes);
  } finally {
    file.close();
  }
  files.rename(temporary, path);
}

/** Puts `bytes` at `path` by a rename; durable when it resolves. `folder` is where `path` is. */
export async function writeWholeFileDurably(
  files: Files,
  target: { folder: string; name: string; bytes: Uint8Array },
): Promise<void> {
  await writeSyncedFile(files, `${target.folder}/${target.name}`, target.bytes);
  await files.syncFolder(target.folder);
}

/** The same without the folder's sync: a crash leaves the file of before, or this one whole. */
export async function writeSyncedFile(
  files: Files,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = path + temporarySuffix;
  const file = files.open(temporary, "create");
  try {
    file.append(bytes);
    await file.sync();
  } finally {
    file.close();
  }
  await files.renameAsync(temporary, path);
}

/** fdatasync of a file; nothing when there is none. */
export async function syncFile(files: Files, path: string): Promise<void> {
  if (files.stat(path) === undefined) return;
  const file = files.open(path, "append");
  try {
    await file.sync();
  } finally {
    file.close();
  }
}
