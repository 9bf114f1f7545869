// The share coordinator (KIP-932): what share groups did with records, in __share_group_state. The
// topic is not compacted, since an update means nothing without its snapshot.

import { isUuid } from "../../base/ids.ts";
import { loading } from "../../base/loading.ts";
import type { Coordinator } from "../coordinator.ts";
import type { ShareStateRecord } from "./record_codec.ts";
import type { ShareStateAnswer, ShareStateTable } from "./state_table.ts";

export const shareCoordinator: Coordinator<ShareStateTable, ShareStateRecord, ShareStateAnswer> = {
  name: "share",
  topic: "__share_group_state",
  created: {
    partitionCount: "share.coordinator.state.topic.num.partitions",
    replicationFactor: "share.coordinator.state.topic.replication.factor",
    configs: {
      "cleanup.policy": "delete",
      "compression.type": "producer",
      "max.message.bytes": "2147483647",
      "min.insync.replicas": { setting: "share.coordinator.state.topic.min.isr" },
      "retention.ms": "-1",
      "segment.bytes": { setting: "share.coordinator.state.topic.segment.bytes" },
    },
  },
  keyType: 2,
  keyProblem(key) {
    const [group = "", topicId = "", partition = "", ...more] = key.split(":");
    const isKey = more.length === 0 && group.trim() !== "" && isUuid(topicId) &&
      /^\d+$/.test(partition);
    return isKey ? undefined : `a share partition is groupId:topicId:partition, not ${key}`;
  },
  load: async () => (await loading(import("./workings.ts"))).shareWorkings,
};
