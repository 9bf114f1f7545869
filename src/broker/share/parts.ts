// What a broker has for share groups, made together since each part needs the others:
//
//   states <── groupStates <── groups      begun and ended by the group's coordinator
//     ^
//   partitions <── sessions                read and acknowledged by members

import type { MetadataImage } from "../../cluster/mod.ts";
import type { Slices } from "../../log/mod.ts";
import type { Clock, Logger, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { Groups } from "../coordination/groups.ts";
import type { MemoryBudget } from "../limits/memory_budget.ts";
import type { Partition } from "../logs/partition.ts";
import type { Partitions } from "../logs/partitions.ts";
import { ShareGroupStates } from "./group_states.ts";
import type { SharePersister } from "./persister.ts";
import { SharePartitions } from "./share_partitions.ts";
import { ShareSessions } from "./share_sessions.ts";
import { ShareStates } from "./states.ts";

/** What all share sessions together may take. */
const sessionBytesMax = 32 * 1024 * 1024;

export interface SharePartsOptions {
  readonly shards: ShareStates["shards"];
  /** Those who keep states, wherever they are, given what is kept here. */
  readonly everywhere: (here: SharePersister) => SharePersister;
  readonly groups: Groups;
  readonly config: Pick<BrokerConfig, "get">;
  readonly image: () => MetadataImage;
  readonly catchUp: () => Promise<void>;
  readonly partitions: Pick<Partitions, "find">;
  readonly memory: Pick<MemoryBudget, "shareRecordsMax">;
  readonly noteUnreadable: (partition: Partition, reason: unknown) => void;
  readonly slices: Slices;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onBug: (error: unknown) => void;
}

export class ShareParts {
  readonly states: ShareStates;
  readonly partitions: SharePartitions;
  readonly sessions: ShareSessions;
  readonly groupStates: ShareGroupStates;

  constructor(options: SharePartsOptions) {
    const { shards, groups, config, image, memory, clock } = options;
    this.states = new ShareStates(shards);
    const states = options.everywhere(this.states);
    this.partitions = new SharePartitions({
      ...options,
      states,
      inFlightMax: () => memory.shareRecordsMax,
    });
    this.sessions = new ShareSessions({
      sessionsMax: () => config.get("group.share.max.share.sessions"),
      bytesMax: sessionBytesMax,
      onEnded: (ended) => {
        this.partitions.release(ended).then(() => {
          const { groupId } = ended;
          if (!this.sessions.hasGroup(groupId)) this.partitions.forgetGroup(groupId);
        });
      },
    });
    this.groupStates = new ShareGroupStates({
      ...options,
      states,
      locate: (name) => shards.locate(name),
      sharePartitions: this.partitions,
      exists: (topicId, partition) =>
        image().topicById(topicId)?.partitions[partition] !== undefined,
      monotonic: () => clock.monotonic(),
    });
    groups.watch({ onLoaded: (shard) => this.groupStates.serve(shard) });
  }
}
