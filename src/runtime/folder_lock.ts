// One process, and one broker in it, per data folder: a record in `<folder>/.lock` says who holds
// it, and where the runtime can, the kernel's own lock on the folder (flock) says it too.
//
//   flock taken or not available --> record absent, foreign or stale --> ours is linked in place
//            |                                   |
//          Denied                     holder alive: Denied, naming it
//
// A record is stale when its process is dead, when another process has its number by now (start
// time or boot differ), or when its holder used flock and we hold flock now. It is written under a
// name of its own and linked to `.lock`, so it is there whole or not at all. Kafka leaves an empty
// `.lock` behind, which is foreign: no record, and no holder unless a living process has it locked
// (fcntl, which Linux lists). The other way round Kafka does not see us: no runtime offers fcntl.
//
// A disk without room takes no record. Then flock alone holds the folder: a broker must start
// there, for somebody to read and delete. Where there is no flock (Node) it can be locked to read,
// as a folder that nothing can be written to: without a record, so that nobody is kept out.
//
// Two starters that find the same stale record both move it away; the slower one sees that it moved
// a fresh record and puts it back. Only flock makes this exact for three at once.

import { isPlatformFault, PlatformFault } from "../base/faults.ts";
import { bootId, posixLockHolder, type ReadText, startTicks } from "./proc_files.ts";
import type { FolderLock } from "./ports.ts";

/** What the lock needs of a runtime; paths are whole, failures are PlatformFaults. */
export interface LockHost {
  readonly processId: number;
  readonly readText: ReadText;
  writeText(path: string, text: string): void;
  /** A hard link; AlreadyExists when `to` is there. */
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Whether a process of that number exists. */
  isAlive(processId: number): boolean;
  /** Which file it is, for the system; undefined when it is not there. */
  identity(path: string): { readonly device: number; readonly inode: number } | undefined;
  /**
   * Takes flock on the folder: how to release it, "held" by somebody else, or undefined: cannot.
   */
  kernelLock(folder: string): (() => void) | "held" | undefined;
}

interface Holder {
  readonly processId: number;
  readonly startTicks: number | null;
  readonly bootId: string | null;
  /** Tells this run of the program from an earlier one with the same process number. */
  readonly instance: string;
  readonly kernel: boolean;
}

const instance = Array.from(
  crypto.getRandomValues(new Uint8Array(8)),
  (byte) => byte.toString(16).padStart(2, "0"),
).join("");

/** Attempts at a record that others keep changing. */
const attemptsMax = 10;

let temporaryCount = 0;

/** Takes the lock of `folder`, or throws Denied naming its holder. */
export function lockFolder(folder: string, host: LockHost): FolderLock {
  const path = `${folder}/.lock`;
  const { me, releaseKernel } = lockByKernel(folder, host);
  let isRecorded = true;
  try {
    placeRecord(folder, path, { me, host });
  } catch (error) {
    isRecorded = false;
    try {
      if (!me.kernel || !isPlatformFault(error, "NoSpace")) throw error;
      refuseHolder(folder, me, host);
    } catch (refusal) {
      releaseKernel?.();
      throw refusal;
    }
  }
  return lockOf(() => {
    if (isRecorded) host.remove(path);
    releaseKernel?.();
  });
}

/** The same without a record, and so for sure only by flock. */
export function lockFolderToRead(folder: string, host: LockHost): FolderLock {
  const { me, releaseKernel } = lockByKernel(folder, host);
  try {
    refuseHolder(folder, me, host);
  } catch (refusal) {
    releaseKernel?.();
    throw refusal;
  }
  return lockOf(() => releaseKernel?.(), { isExclusive: me.kernel });
}

/** Takes flock, where there is one, and looks for Kafka's lock. */
function lockByKernel(
  folder: string,
  host: LockHost,
): { me: Holder; releaseKernel: (() => void) | undefined } {
  const path = `${folder}/.lock`;
  const releaseKernel = host.kernelLock(folder);
  if (releaseKernel === "held") throw denied(folder, readHolder(path, host)?.processId);
  const file = host.identity(path);
  const kafka = file === undefined ? undefined : posixLockHolder(file, host.readText);
  if (kafka !== undefined) {
    releaseKernel?.();
    throw denied(folder, kafka);
  }
  const me: Holder = {
    processId: host.processId,
    startTicks: startTicks("self", host.readText) ?? null,
    bootId: bootId(host.readText) ?? null,
    instance,
    kernel: releaseKernel !== undefined,
  };
  return { me, releaseKernel };
}

/** Throws Denied where a record says that somebody else holds the folder. */
function refuseHolder(folder: string, me: Holder, host: LockHost): void {
  const holder = readHolder(`${folder}/.lock`, host);
  if (holder !== undefined && holds(holder, me, host)) throw denied(folder, holder.processId);
}

function lockOf(release: () => void, options = { isExclusive: true }): FolderLock {
  let held = true;
  return {
    ...options,
    release() {
      if (!held) return;
      held = false;
      release();
    },
  };
}

function placeRecord(folder: string, path: string, options: { me: Holder; host: LockHost }): void {
  const { me, host } = options;
  const own = `${path}.${me.processId}.${me.instance}.${temporaryCount++}`;
  try {
    host.writeText(own, JSON.stringify(me) + "\n");
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        return host.link(own, path);
      } catch (error) {
        if (!isPlatformFault(error, "AlreadyExists")) throw error;
      }
      const holder = readHolder(path, host);
      if (holder !== undefined && holds(holder, me, host)) throw denied(folder, holder.processId);
      moveStale(path, `${own}.stale`, { holder, host });
    }
    throw denied(folder, readHolder(path, host)?.processId);
  } finally {
    host.remove(own);
  }
}

/** Moves the stale record away, unless somebody replaced it meanwhile: then puts that one back. */
function moveStale(
  path: string,
  aside: string,
  options: { holder: Holder | undefined; host: LockHost },
): void {
  const { holder, host } = options;
  try {
    host.rename(path, aside);
  } catch (error) {
    if (isPlatformFault(error, "NotFound")) return;
    throw error;
  }
  const moved = readHolder(aside, host);
  if (moved !== undefined && JSON.stringify(moved) !== JSON.stringify(holder)) {
    try {
      host.link(aside, path);
    } catch (error) {
      if (!isPlatformFault(error, "AlreadyExists")) throw error;
    }
  }
  host.remove(aside);
}

function holds(holder: Holder, me: Holder, host: LockHost): boolean {
  if (holder.processId === me.processId) return holder.instance === me.instance;
  if (holder.kernel && me.kernel) return false;
  if (holder.bootId !== null && me.bootId !== null && holder.bootId !== me.bootId) return false;
  if (!host.isAlive(holder.processId)) return false;
  const ticks = startTicks(holder.processId, host.readText);
  return ticks === undefined || holder.startTicks === null || ticks === holder.startTicks;
}

function readHolder(path: string, host: LockHost): Holder | undefined {
  const text = host.readText(path);
  if (text === undefined) return undefined;
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isInteger(holder.processId) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function denied(folder: string, processId: number | undefined): PlatformFault {
  // Linux says 0 or less of a process that this one cannot see.
  const isSeen = processId !== undefined && processId > 0;
  const who = isSeen ? `process ${processId}` : "another process";
  return new PlatformFault(
    "Denied",
    `cannot lock ${folder}: ${who} uses it; stop that, or choose another folder`,
    { about: "folder lock" },
  );
}
