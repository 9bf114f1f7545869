// Every coordinator, a line each: the broker runs all of them, each on its topic, and nobody else
// lists them.

import type { AnyCoordinator } from "./coordinator.ts";
import { groupCoordinator } from "./group_coordinator.ts";
import { decodeKind, type StoredRecord } from "./record_framing.ts";
import { shareCoordinator } from "./share_state/coordinator.ts";
import { transactionCoordinator } from "./transactions/coordinator.ts";

export const coordinators: readonly AnyCoordinator[] = [
  groupCoordinator,
  transactionCoordinator,
  shareCoordinator,
];

const byTopic: ReadonlyMap<string, AnyCoordinator> = new Map(
  coordinators.map((coordinator) => [coordinator.topic, coordinator]),
);

/** The coordinator that keeps its state in `topic`; undefined for a topic of clients. */
export function coordinatorOn(topic: string): AnyCoordinator | undefined {
  return byTopic.get(topic);
}

/** Whether `topic` is kept by the cluster itself. */
export function isInternalTopic(topic: string): boolean {
  return byTopic.has(topic);
}

/**
 * A record of one of the coordinators' topics, for those who look into them; undefined for other
 * topics and for kinds without a table. Throws DecodeFault when the bytes do not fit.
 */
export function decodeStored(
  topic: string,
  { key, value }: { readonly key: Uint8Array | null; readonly value: Uint8Array | null },
): StoredRecord | undefined {
  const kinds = byTopic.get(topic)?.kinds;
  return kinds === undefined || key === null ? undefined : decodeKind(kinds, key, value);
}
