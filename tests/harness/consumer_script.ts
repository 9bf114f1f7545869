// The commands of scenarios about consumer groups.
//
//   topic t 4                            creates it, or gives it as many partitions; 0: deletes
//   beat g member=a epoch=0 topics=t     ConsumerGroupHeartbeat; what is left out is null
//   beat g member=a epoch=2 owns=1:0,1   owns=- says that it owns nothing
//   consumer-config session=9s interval=0s ... what the broker sets
//   describe-consumer g
//
// Topics are told as in consumer_print.ts.

import { uuidFromRandom } from "../../src/base/ids.ts";
import { missing } from "../../src/base/items.ts";
import type { At, GroupConfig, GroupDecision, GroupTable } from "../../src/coordinator/mod.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import type {
  ConsumerGroupHeartbeatResponse,
} from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { printPartitions } from "./consumer_print.ts";
import type { FakeTopics } from "./fake_topics.ts";

/** A command line but for its first word. */
export interface Words {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** What these commands need of a scenario. */
export interface World {
  readonly table: GroupTable;
  readonly topics: FakeTopics;
  readonly config: GroupConfig;
  configure(change: Partial<GroupConfig>): void;
  newUuid(): string;
  at<Response>(asker: string): At<Response>;
  settle(decision: GroupDecision): string[];
}

export const consumerVerbs: Record<string, (world: World, command: Words) => string[]> = {
  topic({ topics }, { words: [name = missing(), count], options }) {
    if (Number(count) === 0) topics.delete(name);
    else topics.set(name, Number(count), options.get("racks")?.split(",") ?? []);
    return [];
  },
  beat(world, { words: [groupId = missing()], options }) {
    const memberEpoch = Number(options.get("epoch") ?? 0);
    const joins = memberEpoch === 0;
    const memberId = options.get("member") ?? "";
    const owns = options.get("owns");
    const request = {
      groupId,
      memberId,
      memberEpoch,
      instanceId: options.get("instance") ?? null,
      rackId: options.get("rack") ?? null,
      rebalanceTimeoutMs: Number(options.get("rebalance-ms") ?? (joins ? 60_000 : -1)),
      subscribedTopicNames: options.get("topics")?.split(",").filter((name) => name !== "-") ??
        null,
      subscribedTopicRegex: options.get("regex") ?? null,
      serverAssignor: options.get("assignor") ?? null,
      topicPartitions: owns === undefined ? (joins ? [] : null) : parsePartitions(owns),
    };
    const at = world.at<ConsumerGroupHeartbeatResponse>(options.get("instance") ?? memberId);
    const uuid = world.newUuid();
    const apiVersion = Number(options.get("v") ?? 1);
    const input = { request, apiVersion, clientId: "c", clientHost: "/192.0.2.1", uuid };
    return world.settle(world.table.consumerHeartbeat(input, at));
  },
  "consumer-config"(world, { options }) {
    const before = world.config.consumer();
    const settings = before.settingsOf("");
    const policy = options.get("policy");
    const consumer = {
      ...before,
      isEnabled: options.get("enabled") !== "no" && before.isEnabled,
      groupSizeMax: Number(options.get("size-max") ?? before.groupSizeMax),
      canUpgrade: policy === undefined
        ? before.canUpgrade
        : ["bidirectional", "upgrade"].includes(policy),
      canDowngrade: policy === undefined
        ? before.canDowngrade
        : ["bidirectional", "downgrade"].includes(policy),
      settingsOf: () => ({
        ...settings,
        sessionTimeoutMs: Number(options.get("session-ms") ?? settings.sessionTimeoutMs),
        assignmentIntervalMs: Number(options.get("assign-ms") ?? settings.assignmentIntervalMs),
      }),
    };
    world.configure({ consumer: () => consumer });
    return [];
  },
  "describe-consumer"({ table }, { words: [groupId = missing()] }) {
    const group = table.describeConsumer(groupId);
    if (group.errorCode !== ErrorCode.NONE) {
      return [`${errorName(group.errorCode)} ${group.errorMessage}`];
    }
    return [
      `${group.groupState} epoch=${group.groupEpoch} assignment=${group.assignmentEpoch}` +
      ` assignor=${group.assignorName}`,
      ...group.members.map((member) =>
        `member ${member.memberId} epoch=${member.memberEpoch}` +
        ` has ${printPartitions(member.assignment.topicPartitions)}` +
        `, is to have ${printPartitions(member.targetAssignment.topicPartitions)}` +
        (member.memberType === 0 ? " classic" : "")
      ),
    ];
  },
};

/** "1:0,1 2:3" is written "1:0,1;2:3". */
export function parsePartitions(text: string) {
  if (text === "-") return [];
  return text.split(";").map((each) => {
    const [number, partitions = missing()] = each.split(":");
    return {
      topicId: uuidFromRandom(new Uint8Array(16).fill(Number(number))),
      partitions: partitions.split(",").map(Number),
    };
  });
}
