// The files and sockets that the process may have open (`ulimit -n`), in shares, so that clients
// that come by the thousand cannot keep the logs from their files:
//
//   logs         a quarter, which they hold only to be quicker
//   others       the runtime's own, small files while they are read and written, connections to
//                other brokers and to etcd
//   connections  what is left
//
// Where nothing tells how many there may be, nothing is bounded by it.

import { openHandlesMax, openHandlesMin } from "../../log/mod.ts";
import type { ProcessPort } from "../../runtime/ports.ts";

const logParts = 4;
const othersCount = 64;
const connectionsMin = 8;

export interface DescriptorShares {
  /** Files that the logs of one data directory may hold open. */
  readonly handlesMax: number;
  /** Connections of clients; Infinity where they are not bounded by this. */
  readonly connectionsMax: number;
}

/** The shares of this process, with so many data directories. */
export function descriptorShares(
  process: Pick<ProcessPort, "openFilesMax">,
  directories: number,
): DescriptorShares {
  const all = process.openFilesMax();
  if (all === undefined) return { handlesMax: openHandlesMax, connectionsMax: Infinity };
  const part = Math.floor(all / logParts / directories);
  const handlesMax = Math.min(openHandlesMax, Math.max(openHandlesMin, part));
  const left = all - handlesMax * directories - othersCount;
  return { handlesMax, connectionsMax: Math.max(connectionsMin, left) };
}
