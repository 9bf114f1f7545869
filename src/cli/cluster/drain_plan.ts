// Where the replicas of a broker go that is to hold none: each to a broker in a rack that its
// partition does not stand in yet, if there is one, and among those to the one that has the fewest.
//
// Invariant: a partition keeps its number of replicas, and the others stay where they are, in
// their order.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import type { Arrival, ClusterNode, MovingPartition, TopicMetadata } from "../../client/mod.ts";

/** A partition's way. */
export interface PlannedMove extends Arrival {
  /** Who has it now. */
  readonly from: readonly BrokerId[];
}

/** What is known of a cluster. */
export interface Drained {
  readonly nodes: readonly ClusterNode[];
  readonly topics: readonly TopicMetadata[];
  readonly moving: readonly MovingPartition[];
}

/**
 * The moves after which broker `id` has nothing; those that are under way to that end are among
 * them. Throws UsageFault where a partition cannot be moved.
 */
export function drainPlan(id: BrokerId, { nodes, topics, moving }: Drained): PlannedMove[] {
  const drained = nodes.find((node) => node.id === id);
  const load = new Map(nodes.map((node) => [node.id, node.replicas]));
  const rackOf = (each: BrokerId) => nodes.find((node) => node.id === each)?.rack ?? null;
  const removing = new Map(
    moving.map((each) => [`${each.topic}-${each.partition}`, each.removing]),
  );
  const moves: PlannedMove[] = [];
  for (const { name: topic, partitions } of topics) {
    for (const { partition, replicas: from, isr } of partitions) {
      if (!from.includes(id)) continue;
      const name = `${topic}-${partition}`;
      if (drained?.state !== "serves" && !isr.some((each) => each !== id)) {
        throw new UsageFault(
          `${name} is on broker ${id} alone, which does not run: start it again`,
        );
      }
      const to = from.filter((each) => !removing.get(name)?.includes(each));
      const racks = new Set(to.filter((each) => each !== id).map(rackOf));
      const candidates = nodes.filter((node) =>
        node.state === "serves" && node.id !== id && !to.includes(node.id)
      );
      const isFar = ({ rack }: ClusterNode) => Number(!racks.has(rack));
      const [chosen] = candidates.sort((a, b) =>
        isFar(b) - isFar(a) || (load.get(a.id) ?? 0) - (load.get(b.id) ?? 0) || a.id - b.id
      );
      if (to.includes(id)) {
        if (chosen === undefined) throw noRoom(name, { id, count: to.length });
        load.set(chosen.id, (load.get(chosen.id) ?? 0) + 1);
      }
      const replicas = to.map((each) => each === id && chosen !== undefined ? chosen.id : each);
      moves.push({ topic, partition, from, replicas });
    }
  }
  return moves;
}

function noRoom(name: string, { id, count }: { id: BrokerId; count: number }): UsageFault {
  const replicas = count === 1 ? "a replica" : `${count} replicas`;
  return new UsageFault(
    `${name} has ${replicas}, and without broker ${id} no broker that serves is left for one of ` +
      "them: start another one, or move it to fewer with ottla cluster move",
  );
}
