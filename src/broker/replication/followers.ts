// Which partitions here follow which broker: a fetcher for each broker that leads some of them.
//
//   2 leads orders-0 --> the fetcher from 2 has it --3 leads--> the fetcher from 3 has it
//
// Invariant: a partition is with the fetcher of its leader, or with none.

import type { BrokerId } from "../../base/ids.ts";
import type { PartitionImage } from "../../cluster/mod.ts";
import type { Partition } from "../logs/partition.ts";
import { LeaderFetcher, type LeaderFetcherOptions } from "./leader_fetcher.ts";
import type { Peers } from "./peers.ts";

export class Followers {
  readonly #peers: Peers;
  readonly #options: LeaderFetcherOptions;
  readonly #fetchers = new Map<BrokerId, LeaderFetcher>();
  readonly #leaders = new Map<Partition, BrokerId>();
  #closed = false;

  constructor(peers: Peers, options: LeaderFetcherOptions) {
    this.#peers = peers;
    this.#options = options;
  }

  /** A partition is in this state from now on; undefined: it is not to be here. */
  enter(partition: Partition, state: PartitionImage | undefined): void {
    if (this.#closed) return;
    const { nodeId } = this.#options;
    const isLed = state !== undefined && state.leader >= 0 && state.leader !== nodeId;
    const leader = isLed ? state.leader : undefined;
    const before = this.#leaders.get(partition);
    if (leader === before) return;
    if (before !== undefined) this.#remove(partition, before);
    if (leader === undefined) return;
    this.#leaders.set(partition, leader);
    let fetcher = this.#fetchers.get(leader);
    if (fetcher === undefined) {
      // One request is in flight, and what an answer brings is in the logs before the next.
      const peer = this.#peers.to(leader, { inFlightMax: 1, answersAreLent: true });
      fetcher = new LeaderFetcher(peer, this.#options);
      this.#fetchers.set(leader, fetcher);
    }
    fetcher.add(partition);
  }

  #remove(partition: Partition, leader: BrokerId): void {
    this.#leaders.delete(partition);
    const fetcher = this.#fetchers.get(leader);
    fetcher?.remove(partition);
    if (fetcher?.isIdle !== true) return;
    this.#fetchers.delete(leader);
    fetcher.close();
  }

  /** Nothing is fetched any more. */
  close(): void {
    this.#closed = true;
    for (const fetcher of this.#fetchers.values()) fetcher.close();
  }
}
