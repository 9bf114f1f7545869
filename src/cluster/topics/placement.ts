// Which brokers get the replicas of new partitions: round robin, over racks first.
//
//   racks A: 1 4   B: 2   C: 3        brokers in turns of the racks: 1 2 3 4
//   partition 0: 1 2 3,  partition 1: 2 3 4,  partition 2: 3 4 2,  partition 3: 4 2 3, ...
//
// The first replica leads, so leaders go round the brokers one by one. Each further replica is the
// next broker in turn that stands in a rack without a replica; when every rack has one, any that
// has none itself. After each round the followers shift by one, so that the partitions of one
// leader do not all share the same followers.
// Invariant: no broker twice in a partition; an active broker is first.

import { assert } from "../../base/assert.ts";
import type { BrokerId } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";

/** What placement knows of a broker. */
export interface PlaceableBroker {
  readonly id: BrokerId;
  readonly rack: string | null;
  /** Neither fenced nor shutting down. */
  readonly active: boolean;
}

/** What to place. */
export interface PlacementRequest {
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Where the round begins: partitions placed before, so that leaders stay spread. */
  readonly start: number;
}

/** Replicas of each partition, or why there are none. */
export type Placement =
  | { readonly replicas: readonly (readonly BrokerId[])[] }
  | { readonly problem: string };

/** Places partitions on `brokers`. */
export function placeReplicas(
  brokers: readonly PlaceableBroker[],
  request: PlacementRequest,
): Placement {
  const { partitionCount, replicationFactor, start } = request;
  const active = inTurnsOfRacks(brokers.filter((broker) => broker.active));
  if (active.length === 0) {
    return { problem: "All brokers are currently fenced or in controlled shutdown." };
  }
  if (replicationFactor > brokers.length) {
    return {
      problem: `The target replication factor of ${replicationFactor} cannot be reached because ` +
        `only ${brokers.length} broker(s) are registered.`,
    };
  }
  const inactive = inTurnsOfRacks(brokers.filter((broker) => !broker.active));
  const replicas: BrokerId[][] = [];
  for (let i = 0; i < partitionCount; i++) {
    replicas.push(place(active, inactive, { turn: start + i, replicationFactor }));
  }
  return { replicas };
}

function place(
  active: readonly PlaceableBroker[],
  inactive: readonly PlaceableBroker[],
  options: { readonly turn: number; readonly replicationFactor: number },
): BrokerId[] {
  const { turn, replicationFactor } = options;
  // Most often it is alone, and there are thousands of them.
  if (replicationFactor === 1) return [itemAt(active, turn % active.length).id];
  const round = Math.floor(turn / active.length);
  const [leader, ...others] = beginningAt(active, turn);
  assert(leader !== undefined, "a broker is active");
  const candidates = [...beginningAt(others, round), ...inactive];
  const chosen = [leader];
  const racks = new Set([leader.rack]);
  while (chosen.length < replicationFactor) {
    const free = candidates.filter((broker) => !chosen.includes(broker));
    const next = free.find((broker) => !racks.has(broker.rack)) ?? free[0];
    assert(next !== undefined, "as many brokers as replicas");
    chosen.push(next);
    racks.add(next.rack);
  }
  return chosen.map((broker) => broker.id);
}

/** All of `list`, from its item `turn` round to the one before. */
function beginningAt<T>(list: readonly T[], turn: number): T[] {
  const start = turn % Math.max(1, list.length);
  return [...list.slice(start), ...list.slice(0, start)];
}

/** One broker of each rack, then the second of each, and so on; by rack name and id. */
function inTurnsOfRacks(brokers: readonly PlaceableBroker[]): PlaceableBroker[] {
  const byId = [...brokers].sort((a, b) => a.id - b.id);
  const byRack = Map.groupBy(byId, ({ rack }) => rack ?? "");
  const racks = [...byRack.keys()].sort().map((rack) => byRack.get(rack)!);
  const turns: PlaceableBroker[] = [];
  for (let i = 0; turns.length < brokers.length; i++) {
    for (const rack of racks) turns.push(...rack.slice(i, i + 1));
  }
  return turns;
}
