// Every coordinator, a line each: the broker runs all of them, each on its topic, and nobody else
// lists them.

import type { AnyCoordinator } from "./coordinator.ts";
import { groupCoordinator } from "./groups/coordinator.ts";
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

/** A record as it is stored. */
interface StoredBytes {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/**
 * Reads the records of a coordinator's topic, for those who look into them: undefined for a kind
 * without a table, DecodeFault where the bytes do not fit. Undefined for other topics.
 */
export async function storedDecoder(
  topic: string,
): Promise<((record: StoredBytes) => StoredRecord | undefined) | undefined> {
  const coordinator = byTopic.get(topic);
  if (coordinator === undefined) return undefined;
  const { kinds } = await coordinator.load();
  return ({ key, value }) => key === null ? undefined : decodeKind(kinds, key, value);
}
