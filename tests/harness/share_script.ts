// The commands of scenarios about share groups, beside those of consumer groups.
//
//   share-beat g member=a epoch=0 topics=t   ShareGroupHeartbeat; what is left out is null
//   share-config size-max=2 assign-ms=0      what the broker sets
//   take-states                              waits for states to begin, as the shell does
//   states-begun g 1:0,1                     the share coordinator keeps them
//   share-alter g 1:0                        AlterShareGroupOffsets, up to the share coordinator
//   share-forget g 1                         DeleteShareGroupOffsets and DeleteGroups: up to there
//   share-forgotten g 1 failed=2             what the share coordinator has forgotten
//   describe-share g
//
// Topics are told as in consumer_print.ts.

import { uuidFromRandom } from "../../src/base/ids.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import type {
  ShareGroupHeartbeatResponse,
} from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import type { StateStepResponse, StatesWantedResponse } from "../../src/coordinator/mod.ts";
import { parsePartitions, type Words, type World } from "./consumer_script.ts";
import { printPartitions } from "./consumer_print.ts";

export const shareVerbs: Record<string, (world: World, command: Words) => string[]> = {
  "share-beat"(world, { words: [groupId = ""], options }) {
    const memberId = options.get("member") ?? "";
    const request = {
      groupId,
      memberId,
      memberEpoch: Number(options.get("epoch") ?? 0),
      rackId: options.get("rack") ?? null,
      subscribedTopicNames: options.get("topics")?.split(",") ?? null,
    };
    const at = world.at<ShareGroupHeartbeatResponse>(memberId);
    const input = { request, clientId: "c", clientHost: "/192.0.2.1" };
    return world.settle(world.table.shareHeartbeat(input, at));
  },
  "share-config"(world, { options }) {
    const before = world.config.share();
    const settings = before.settingsOf("");
    const share = {
      ...before,
      isEnabled: options.get("enabled") !== "no",
      groupSizeMax: Number(options.get("size-max") ?? before.groupSizeMax),
      settingsOf: () => ({
        ...settings,
        sessionTimeoutMs: Number(options.get("session-ms") ?? settings.sessionTimeoutMs),
        assignmentIntervalMs: Number(options.get("assign-ms") ?? settings.assignmentIntervalMs),
      }),
    };
    world.configure({ share: () => share });
    return [];
  },
  "take-states": (world) =>
    world.settle(world.table.takeStatesWanted(world.at<StatesWantedResponse>("keeper"))),
  "states-begun"(world, { words: [groupId = "", topics = ""] }) {
    const of = { groupId, topics: parsePartitions(topics) };
    return world.settle(world.table.statesInitialized(of, step(world)));
  },
  "share-alter"(world, { words: [groupId = "", topics = ""] }) {
    const of = { groupId, topics: parsePartitions(topics) };
    return world.settle(world.table.alterShareOffsets(of, step(world)));
  },
  "share-forget"(world, { words: [groupId = "", topics] }) {
    const topicIds = topics === undefined ? null : idsOf(topics);
    return world.settle(world.table.forgetShareTopics({ groupId, topicIds }, step(world)));
  },
  "share-forgotten"(world, { words: [groupId = "", topics = ""], options }) {
    const done = idsOf(topics);
    const asked = [...done, ...idsOf(options.get("failed") ?? "")];
    return world.settle(world.table.shareTopicsForgotten({ groupId, asked, done }, step(world)));
  },
  "describe-share"({ table }, { words: [groupId = ""] }) {
    const group = table.describeShare(groupId);
    if (group.errorCode !== ErrorCode.NONE) {
      return [`${errorName(group.errorCode)} ${group.errorMessage}`];
    }
    return [
      `${group.groupState} epoch=${group.groupEpoch} assignment=${group.assignmentEpoch}` +
      ` assignor=${group.assignorName}`,
      ...group.members.map((member) =>
        `member ${member.memberId} epoch=${member.memberEpoch}` +
        ` has ${printPartitions(member.assignment.topicPartitions)}`
      ),
      `kept: ${printPartitions(table.sharePartitions(groupId).topics)}`,
    ];
  },
};

function step(world: World) {
  return world.at<StateStepResponse>("keeper");
}

function idsOf(numbers: string): string[] {
  return numbers.split(",").filter((each) => each !== "").map((number) =>
    uuidFromRandom(new Uint8Array(16).fill(Number(number)))
  );
}
