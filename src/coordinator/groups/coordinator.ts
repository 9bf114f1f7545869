// The group coordinator: groups and the offsets that they have committed, in __consumer_offsets.

import { loading } from "../../base/loading.ts";
import type { Coordinator } from "../coordinator.ts";
import type { GroupTable } from "./group_table.ts";
import type { GroupCoordinatorRecord } from "./record_kinds.ts";
import type { GroupResponse } from "./turn.ts";

/** Where groups keep what they have committed. */
export const offsetsTopic = "__consumer_offsets";

export const groupCoordinator: Coordinator<GroupTable, GroupCoordinatorRecord, GroupResponse> = {
  name: "groups",
  topic: offsetsTopic,
  created: {
    partitionCount: "offsets.topic.num.partitions",
    replicationFactor: "offsets.topic.replication.factor",
    configs: {
      "cleanup.policy": "compact",
      "compression.type": "producer",
      "max.message.bytes": "2147483647",
      "segment.bytes": { setting: "offsets.topic.segment.bytes" },
    },
  },
  keyType: 0,
  load: async () => (await loading(import("./workings.ts"))).groupWorkings,
};
