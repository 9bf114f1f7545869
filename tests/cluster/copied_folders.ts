// Copies of folders, to be put back when what they hold is long outdated.

import { readWholeFile, writeWholeFile } from "../../src/log/files/whole_file.ts";
import type { Files } from "../../src/runtime/ports.ts";

export interface CopiedFolder {
  /** Puts it where it was, in what is empty by now. */
  putBack(files: Files): void;
}

export function copyOfFolder(files: Files, folder: string): CopiedFolder {
  const contents = new Map<string, Uint8Array | undefined>();
  const copy = (path: string) => {
    if (files.stat(path)?.isDirectory !== true) {
      return void contents.set(path, readWholeFile(files, path)?.slice());
    }
    contents.set(path, undefined);
    for (const name of files.list(path)) copy(`${path}/${name}`);
  };
  copy(folder);
  return {
    putBack(files) {
      for (const [path, bytes] of contents) {
        if (bytes === undefined) files.makeFolder(path);
        else writeWholeFile(files, path, bytes);
      }
    },
  };
}
