// The commands of scenarios about streams groups. Topics are those of `topic` (consumer_script.ts).
//
//   sbeat g member=a epoch=0 process=p topology=count    StreamsGroupHeartbeat
//   sbeat g member=a epoch=2 has=0:0,1;1:2 copies=-      what it owns; "-" is nothing
//   streams-config standby=1 delay-ms=0 assign-ms=0      what the broker sets
//   describe-streams g
//
// Topologies by name: `plain` reads topic t; `count` reads t, repartitions and counts; `join` reads
// t and u, which have to be partitioned alike. What an option leaves out did not change.

import { missing } from "../../src/base/items.ts";
import type {
  At,
  GroupConfig,
  GroupDecision,
  GroupTable,
  StreamsHeartbeatResult,
} from "../../src/coordinator/mod.ts";
import type {
  StreamsGroupHeartbeatRequest,
} from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import type { Words } from "./consumer_script.ts";
import { printDescribed } from "./streams_print.ts";

type Topology = NonNullable<StreamsGroupHeartbeatRequest["topology"]>;
type Subtopology = Topology["subtopologies"][number];

function subtopology(subtopologyId: string, change: Partial<Subtopology>): Subtopology {
  return {
    subtopologyId,
    sourceTopics: [],
    sourceTopicRegex: [],
    stateChangelogTopics: [],
    repartitionSinkTopics: [],
    repartitionSourceTopics: [],
    copartitionGroups: [],
    ...change,
  };
}

function internal(name: string, partitions = 0) {
  return { name, partitions, replicationFactor: 0, topicConfigs: [] };
}

/** A subtopology that reads a topic, and does nothing that the broker would notice. */
export function readingOnly(topic: string): Subtopology {
  return subtopology("0", { sourceTopics: [topic] });
}

/** Topologies of small applications. */
export const topologies: Readonly<Record<string, readonly Subtopology[]>> = {
  plain: [readingOnly("t")],
  count: [
    subtopology("0", { sourceTopics: ["t"], repartitionSinkTopics: ["r"] }),
    subtopology("1", {
      repartitionSourceTopics: [internal("r")],
      stateChangelogTopics: [internal("c")],
    }),
  ],
  join: [
    subtopology("0", {
      sourceTopics: ["t", "u"],
      stateChangelogTopics: [internal("c")],
      copartitionGroups: [
        { sourceTopics: [0, 1], sourceTopicRegex: [], repartitionSourceTopics: [] },
      ],
    }),
  ],
};

/** "0:0,1;1:2" as tasks. */
function parseTasks(text: string) {
  if (text === "-") return [];
  return text.split(";").map((each) => {
    const [subtopologyId = "", partitions = ""] = each.split(":");
    return { subtopologyId, partitions: partitions.split(",").map(Number) };
  });
}

/** A heartbeat with nothing new in it, but for what `change` says. */
export function streamsRequest(
  change: Partial<StreamsGroupHeartbeatRequest>,
): StreamsGroupHeartbeatRequest {
  return {
    groupId: "g",
    memberId: "",
    memberEpoch: 0,
    endpointInformationEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    topology: null,
    activeTasks: null,
    standbyTasks: null,
    warmupTasks: null,
    processId: null,
    userEndpoint: null,
    clientTags: null,
    taskOffsets: null,
    taskEndOffsets: null,
    shutdownApplication: false,
    ...change,
  };
}

/** What these commands need of a scenario. */
interface World {
  readonly table: GroupTable;
  readonly config: GroupConfig;
  configure(change: Partial<GroupConfig>): void;
  at<Response>(asker: string): At<Response>;
  settle(decision: GroupDecision): string[];
}

export const streamsVerbs: Record<string, (world: World, command: Words) => string[]> = {
  sbeat(world, { words: [groupId], options }) {
    const memberEpoch = Number(options.get("epoch") ?? 0);
    const joins = memberEpoch === 0;
    const memberId = options.get("member") ?? "";
    const name = options.get("topology") ?? (joins ? "plain" : "");
    const [has, copies] = [options.get("has"), options.get("copies")];
    const isTold = joins || has !== undefined || copies !== undefined;
    const host = options.get("host");
    const request = streamsRequest({
      groupId,
      memberId,
      memberEpoch,
      instanceId: options.get("instance") ?? null,
      rebalanceTimeoutMs: Number(options.get("rebalance-ms") ?? (joins ? 60_000 : -1)),
      topology: name === "" ? null : {
        epoch: Number(options.get("topology-epoch") ?? 0),
        subtopologies: [...topologies[name] ?? []],
      },
      activeTasks: isTold ? parseTasks(has ?? "-") : null,
      standbyTasks: isTold ? parseTasks(copies ?? "-") : null,
      warmupTasks: isTold ? [] : null,
      processId: options.get("process") ?? (joins ? memberId : null),
      userEndpoint: host === undefined ? null : { host, port: 1 },
      endpointInformationEpoch: Number(options.get("endpoints") ?? 0),
      shutdownApplication: options.get("shutdown") === "yes",
    });
    const at = world.at<StreamsHeartbeatResult>(memberId);
    const input = { request, clientId: "c", clientHost: "/192.0.2.1" };
    return world.settle(world.table.streamsHeartbeat(input, at));
  },
  "streams-config"(world, { options }) {
    const before = world.config.streams();
    const settings = before.settingsOf("");
    const number = (name: string, otherwise: number): number =>
      Number(options.get(name) ?? otherwise);
    const streams = {
      ...before,
      isEnabled: options.get("enabled") !== "no" && before.isEnabled,
      groupSizeMax: number("size-max", before.groupSizeMax),
      settingsOf: () => ({
        ...settings,
        assignmentIntervalMs: number("assign-ms", settings.assignmentIntervalMs),
        standbyReplicas: number("standby", settings.standbyReplicas),
        initialRebalanceDelayMs: number("delay-ms", settings.initialRebalanceDelayMs),
      }),
    };
    world.configure({ streams: () => streams });
    return [];
  },
  "describe-streams": ({ table }, { words: [groupId = missing()] }) =>
    printDescribed(table.describeStreams(groupId)),
};
