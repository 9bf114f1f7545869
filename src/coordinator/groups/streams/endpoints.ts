// Where an application's state can be asked for (interactive queries): the endpoint that each
// member tells, with the partitions that it works on.

import type {
  StreamsGroupHeartbeatResponse,
} from "../../../protocol/apis/88_streams_group_heartbeat.ts";
import type { GroupTopics } from "../modern/topics.ts";
import type { StreamsMember } from "./group.ts";
import type { ActiveTasks, Tasks } from "./tasks.ts";
import { topicsRead, type Topology } from "./topology.ts";

type EndpointPartitions = NonNullable<StreamsGroupHeartbeatResponse["partitionsByUserEndpoint"]>;
type TopicPartitions = EndpointPartitions[number]["activePartitions"];

/** An entry for each member that has an endpoint. */
export function partitionsByEndpoint(
  members: Iterable<StreamsMember>,
  { topology, topics }: { readonly topology: Topology; readonly topics: GroupTopics },
): EndpointPartitions {
  const entries: EndpointPartitions = [];
  for (const { userEndpoint, assigned } of members) {
    if (userEndpoint === null) continue;
    entries.push({
      userEndpoint,
      activePartitions: partitionsOf(assigned.active, { topology, topics }),
      standbyPartitions: partitionsOf(assigned.standby, { topology, topics }),
    });
  }
  return entries;
}

/** A task reads the partition of its number, of each topic that has so many. */
function partitionsOf(
  tasks: Tasks | ActiveTasks,
  { topology, topics }: { readonly topology: Topology; readonly topics: GroupTopics },
): TopicPartitions {
  return topology.subtopologies.flatMap((subtopology) => {
    const numbers = [...tasks.get(subtopology.subtopologyId)?.keys() ?? []].sort((a, b) => a - b);
    if (numbers.length === 0) return [];
    return [...topicsRead(subtopology)].map((topic) => {
      const count = topics.byName(topic)?.partitionCount ?? 0;
      return { topic, partitions: numbers.filter((each) => each < count) };
    });
  });
}
