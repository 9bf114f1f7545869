// What the data directories remember of the home of the metadata (.ottla_home), held against the
// home that this start has.
//
// Invariant: a directory of a broker of a cluster is never opened with its own metadata log, which
// is older than what the cluster has decided since.

import { UsageFault } from "../../base/faults.ts";
import type { HomeNote, RememberedHome } from "../../cluster/mod.ts";
import { readHomeNote } from "../../log/mod.ts";
import type { Storage } from "../logs/storage.ts";

/** Throws UsageFault where the metadata is not to be had from `home`; undefined: their own log. */
export function checkHome(storage: Storage, home: RememberedHome | undefined): void {
  for (const { path } of storage.folders) {
    const note = readHomeNote(storage.files, path);
    if (note === undefined) continue;
    if (home === undefined) throw ofOtherHome(path, note);
    home.check(note, storage.nodeId);
  }
}

/**
 * Paths of directories that were put back from an older copy: this broker has had another life
 * since, and what it has acknowledged in that is not in them.
 */
export function outdatedFolders(storage: Storage, home: RememberedHome | undefined): string[] {
  return storage.folders.map(({ path }) => path).filter((path) => {
    const note = readHomeNote(storage.files, path);
    return note !== undefined && home?.isOutdated(note, storage.nodeId) === true;
  });
}

function ofOtherHome(folder: string, { home, cluster, nodes }: HomeNote): UsageFault {
  if (home === "nodes") {
    return new UsageFault(
      `${folder} is of ${nodes} brokers of a process: start them with --nodes ${nodes}`,
    );
  }
  if (home !== "etcd") {
    return new UsageFault(
      `${folder} is of one of several brokers of a process: start it with --nodes and the folder ` +
        "above it",
    );
  }
  return new UsageFault(
    `${folder} is of a broker of the cluster "${cluster}", whose metadata is in etcd: start it ` +
      "with --cluster, or bring the metadata back with ottla cluster export",
  );
}
