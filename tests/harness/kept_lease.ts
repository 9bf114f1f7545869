// A broker's life as its own process sees it: it has to be told of again and again, and between two
// answers the process is sure of it by its clock alone.
//
//   sent ──way──> the home ──way──> valid for a session from when it was sent, less a margin
//
// Invariant: whoever is stopped, or cut off, ceases to be sure before others take it for dead.

import type { BrokerLease } from "../../src/cluster/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";

/** How a process gets to the home of the metadata. */
export interface KeptLeaseOptions {
  readonly runtime: Runtime;
  readonly sessionMs: number;
  /** Resolves once a message has got there, or back. */
  readonly way: () => Promise<void>;
}

/** Of its session that a process does not count on. */
const marginShare = 0.1;
const renewalsPerSession = 3;

/** `lease`, kept alive from now on. */
export function keptLease(
  lease: BrokerLease,
  { runtime: { clock, timers }, sessionMs, way }: KeptLeaseOptions,
): BrokerLease {
  const sure = sessionMs * (1 - marginShare);
  let validToMs = clock.monotonic() + sure;
  let isOver = false;
  const ended = lease.ended.then(way).then(() => {
    isOver = true;
  });
  const keepLater = () =>
    timers.after(sessionMs / renewalsPerSession, async () => {
      if (isOver) return;
      const sentMs = clock.monotonic();
      await way();
      if (!lease.isValid()) return;
      await way();
      validToMs = sentMs + sure;
      keepLater();
    });
  keepLater();
  return {
    brokerId: lease.brokerId,
    brokerEpoch: lease.brokerEpoch,
    isValid: () => !isOver && clock.monotonic() < validToMs,
    isController: () => lease.isController(),
    ended,
    end: () => lease.end(),
  };
}
