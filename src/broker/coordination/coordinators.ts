// All coordinators of this broker: the shards (shards.ts) of each that src/coordinator lists, by
// its topic and by what FindCoordinator calls it.
//
//   coordinators.of(groupCoordinator)   the shards of one, as its handlers and its services use it
//
// What concerns all of them, each by its topic, is done here: partitions that come and go, a new
// metadata image, the end.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import type { InternalTopic, PartitionImage } from "../../cluster/mod.ts";
import {
  type AnyCoordinator,
  type Coordinator,
  coordinators,
  type ImageChange,
  type Machine,
  type MachineWorld,
} from "../../coordinator/mod.ts";
import type { ErrorCode } from "../../protocol/mod.ts";
import type { Codecs, Logger, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { internalTopicOf } from "../config/parts.ts";
import type { Partition } from "../logs/partition.ts";
import { type Located, Shards } from "./shards.ts";

export interface CoordinatorsOptions {
  readonly config: BrokerConfig;
  /** What their machines are given. */
  readonly machines: MachineWorld;
  readonly nodeId: BrokerId;
  /** Milliseconds since the epoch, never stepping. */
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly codecs: Codecs;
  readonly logger: Logger;
  /** Makes sure that a topic exists, and returns its number of partitions. */
  readonly ensureTopic: (topic: InternalTopic) => Promise<number>;
  /** What the metadata says of a topic's partitions; none while it does not exist. */
  readonly partitionsOf: (topic: string) => readonly PartitionImage[];
  /** A partition, where it is led here. */
  readonly led: (topic: string, id: PartitionId) => Partition | undefined;
  /** A partition cannot be loaded. */
  readonly noteUnreadable: (partition: Partition, reason: unknown) => void;
  /** A partition is to be loaded in the background, as where it comes to be led here. */
  readonly reload: (topic: string, id: PartitionId) => void;
}

/** Shards of which no more is known. */
type AnyShards = Shards<Machine<unknown, unknown>, unknown, unknown>;

/** A kind of coordinator that clients look for. */
export interface Findable {
  /** Why this cannot be a key that it coordinates; undefined where it can. */
  keyProblem(key: string): string | undefined;
  /** Who coordinates `key`; the topic is created where it is missing. */
  locate(key: string): Promise<Located | ErrorCode>;
}

export class Coordinators {
  readonly #shards = new Map<string, object>();

  constructor(options: CoordinatorsOptions) {
    for (const each of coordinators) this.#shards.set(each.topic, shardsOf(each, options));
  }

  /** The shards of one. */
  of<M extends Machine<Rec, Response>, Rec, Response>(
    { topic }: Coordinator<M, Rec, Response>,
  ): Shards<M, Rec, Response> {
    // They were made by the coordinator of this topic, and so are of its types.
    return this.#shards.get(topic) as Shards<M, Rec, Response>;
  }

  /** What FindCoordinator calls by this number; undefined where nothing is. */
  ofKeyType(keyType: number): Findable | undefined {
    const found = coordinators.find((each) => each.keyType === keyType);
    return found && {
      keyProblem: (key) => found.keyProblem?.(key),
      locate: (key) => this.of(found).locate(key),
    };
  }

  /** A partition is led here from now on. Resolves once its machine, if it has one, is loaded. */
  async load(topic: string, id: PartitionId): Promise<void> {
    await this.#on(topic)?.load(id);
  }

  /** Partitions are led here no more, or cannot be used. */
  resign(topic: string, ids: readonly PartitionId[]): void {
    this.#on(topic)?.resignFrom(ids);
  }

  /** There is a new metadata image: every machine that can be loaded is told. */
  async onImage(change: ImageChange): Promise<void> {
    for (const shards of this.#all()) await shards.onImage(change);
  }

  /** Ends: requests that wait are told to look for the coordinator again. */
  async close(): Promise<void> {
    await Promise.all([...this.#all()].map((shards) => shards.close()));
  }

  #on(topic: string): AnyShards | undefined {
    return this.#shards.get(topic) as AnyShards | undefined;
  }

  #all(): AnyShards[] {
    return [...this.#shards.values()] as AnyShards[];
  }
}

function shardsOf(coordinator: AnyCoordinator, options: CoordinatorsOptions): AnyShards {
  const { config, machines, nodeId, nowMs, timers, codecs, noteUnreadable } = options;
  const { name, topic } = coordinator;
  const partitions = () => options.partitionsOf(topic);
  return new Shards({
    topic,
    coordinating: async () => {
      const workings = await coordinator.load();
      return {
        newMachine: () => workings.newMachine(machines),
        decode: (key, value) => workings.decode(key, value),
        namesIn: (record) => workings.namesIn(record),
        encodeKey: (record) => workings.encodeKey(record),
        encodeValue: (record) => workings.encodeValue(record, machines),
      };
    },
    nodeId,
    nowMs,
    timers,
    codecs,
    logger: options.logger.child(name),
    ensureTopic: () => options.ensureTopic(internalTopicOf(config, coordinator)),
    partitionCount: () => partitions().length,
    leader: (id) => partitions()[id]?.leader ?? -1,
    partition: (id) => options.led(topic, id),
    noteUnreadable,
    reload: (id) => options.reload(topic, id),
  });
}
