// Handlers about groups whose members the broker assigns: 68 ConsumerGroupHeartbeat,
// 69 ConsumerGroupDescribe, 76 ShareGroupHeartbeat, 77 ShareGroupDescribe,
// 88 StreamsGroupHeartbeat, 89 StreamsGroupDescribe. What a group decides is told in
// src/coordinator/groups/scenarios.

import { assertEquals } from "@std/assert";
import { IncrementalAlterConfigs } from "../../protocol/apis/44_incremental_alter_configs.ts";
import { ConsumerGroupHeartbeat } from "../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "../../protocol/apis/69_consumer_group_describe.ts";
import { ShareGroupHeartbeat } from "../../protocol/apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "../../protocol/apis/77_share_group_describe.ts";
import { StreamsGroupHeartbeat } from "../../protocol/apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "../../protocol/apis/89_streams_group_describe.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { RawClient } from "../../../tests/harness/raw_client.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";

const { NONE, GROUP_ID_NOT_FOUND, INVALID_REQUEST, UNKNOWN_MEMBER_ID, UNSUPPORTED_VERSION } =
  ErrorCode;
const memberId = "AAAAAAAAAAAAAAAAAAAAAQ";

function withTopic(scenario: (client: RawClient, topic: string) => Promise<void>) {
  return simulated({ settings: { "offsets.topic.num.partitions": 1 } }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator();
    await scenario(client, (await makeTopic(client)).name);
  });
}

type Told = { readonly errorCode: number; readonly members: readonly unknown[] };

/** The code and the number of members of each. */
function told(groups: readonly Told[]) {
  return groups.map(({ errorCode, members }) => [errorCode, members.length]);
}

Deno.test("a member of a consumer group joins, beats by its id, and is described", () =>
  withTopic(async (client, topic) => {
    const beat = async (groupId: string, memberEpoch: number, member = memberId) => {
      const { errorCode } = await client.ask(ConsumerGroupHeartbeat, 1, {
        groupId,
        memberId: member,
        memberEpoch,
        rebalanceTimeoutMs: memberEpoch === 0 ? 10_000 : -1,
        subscribedTopicNames: memberEpoch === 0 ? [topic] : null,
        topicPartitions: memberEpoch === 0 ? [] : null,
      });
      return errorCode;
    };
    assertEquals(await beat("group", 0), NONE);
    assertEquals(await beat("", 0), INVALID_REQUEST);
    assertEquals(await beat("group", 1, "nobody"), UNKNOWN_MEMBER_ID);
    assertEquals(await beat("group", 99), ErrorCode.FENCED_MEMBER_EPOCH);
    assertEquals(await beat("missing", 1), GROUP_ID_NOT_FOUND);
    const asked = { groupIds: ["group", "missing"], includeAuthorizedOperations: false };
    const { groups } = await client.ask(ConsumerGroupDescribe, 1, asked);
    assertEquals(told(groups), [[NONE, 1], [GROUP_ID_NOT_FOUND, 0]]);
    const shares = await client.ask(ShareGroupDescribe, 1, asked);
    assertEquals(told(shares.groups), [[GROUP_ID_NOT_FOUND, 0], [GROUP_ID_NOT_FOUND, 0]]);
  }));

Deno.test("a member of a share group joins, beats by its id, and is described", () =>
  withTopic(async (client, topic) => {
    const beat = async (groupId: string, memberEpoch: number, member = memberId) => {
      const { errorCode } = await client.ask(ShareGroupHeartbeat, 1, {
        groupId,
        memberId: member,
        memberEpoch,
        rackId: null,
        subscribedTopicNames: memberEpoch === 0 ? [topic] : null,
      });
      return errorCode;
    };
    assertEquals(await beat("group", 0), NONE);
    assertEquals(await beat("", 0), INVALID_REQUEST);
    assertEquals(await beat("group", 1, "nobody"), UNKNOWN_MEMBER_ID);
    const asked = { groupIds: ["group", "missing"], includeAuthorizedOperations: true };
    const { groups } = await client.ask(ShareGroupDescribe, 1, asked);
    assertEquals(told(groups), [[NONE, 1], [GROUP_ID_NOT_FOUND, 0]]);
    assertEquals(groups.map((each) => each.authorizedOperations > 0), [true, false]);
  }));

Deno.test("a member of a streams group joins, beats by its id, and is described", () =>
  withTopic(async (client, topic) => {
    const subtopology = {
      subtopologyId: "0",
      sourceTopics: [topic],
      sourceTopicRegex: [],
      stateChangelogTopics: [],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    };
    const beat = async (groupId: string, memberEpoch: number, member = memberId) => {
      const isNew = memberEpoch === 0;
      const { errorCode } = await client.ask(StreamsGroupHeartbeat, 0, {
        groupId,
        memberId: member,
        memberEpoch,
        endpointInformationEpoch: 0,
        shutdownApplication: false,
        rebalanceTimeoutMs: isNew ? 10_000 : -1,
        topology: isNew ? { epoch: 0, subtopologies: [subtopology] } : null,
        activeTasks: isNew ? [] : null,
        standbyTasks: isNew ? [] : null,
        warmupTasks: isNew ? [] : null,
        processId: isNew ? "process" : null,
      });
      return errorCode;
    };
    assertEquals(await beat("group", 0), NONE);
    assertEquals(await beat("", 0), INVALID_REQUEST);
    assertEquals(await beat("group", 1, "nobody"), UNKNOWN_MEMBER_ID);
    const asked = { groupIds: ["group", "missing", ""], includeAuthorizedOperations: false };
    const { groups } = await client.ask(StreamsGroupDescribe, 0, asked);
    const refused = [[GROUP_ID_NOT_FOUND, 0], [ErrorCode.INVALID_GROUP_ID, 0]];
    assertEquals(told(groups), [[NONE, 1], ...refused]);
  }));

Deno.test("copies of state that a streams group at work asks for are handed out", () => {
  const settings = {
    "offsets.topic.num.partitions": 1,
    "group.streams.initial.rebalance.delay.ms": 0,
    "group.streams.assignment.interval.ms": 0,
  };
  return simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator();
    const { name: topic } = await makeTopic(client);
    const info = { partitions: 0, replicationFactor: 0, topicConfigs: [] };
    const subtopology = {
      subtopologyId: "0",
      sourceTopics: [topic],
      sourceTopicRegex: [],
      stateChangelogTopics: [{ ...info, name: "app-changelog" }],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    };
    const epochs = new Map<string, number>();
    const beat = async (member: string) => {
      const memberEpoch = epochs.get(member) ?? 0;
      const isNew = memberEpoch === 0;
      const answer = await client.ask(StreamsGroupHeartbeat, 0, {
        groupId: "app",
        memberId: member,
        memberEpoch,
        endpointInformationEpoch: 0,
        shutdownApplication: false,
        rebalanceTimeoutMs: isNew ? 10_000 : -1,
        topology: isNew ? { epoch: 0, subtopologies: [subtopology] } : null,
        activeTasks: isNew ? [] : null,
        standbyTasks: isNew ? [] : null,
        warmupTasks: isNew ? [] : null,
        processId: isNew ? member : null,
      });
      assertEquals(answer.errorCode, NONE);
      epochs.set(member, answer.memberEpoch);
      const partitions = (tasks: typeof answer.activeTasks) =>
        tasks?.flatMap((each) => each.partitions);
      return [partitions(answer.activeTasks), partitions(answer.standbyTasks)];
    };
    // The first is told that the topic of its state is missing, which is made; then all is there.
    await beat("a");
    await beat("a");
    await beat("b");
    assertEquals(await beat("a"), [undefined, undefined]);
    const configs = [{ name: "streams.num.standby.replicas", configOperation: 0, value: "1" }];
    const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 32, resourceName: "app", configs }],
      validateOnly: false,
    });
    assertEquals(responses.map(({ errorCode }) => errorCode), [NONE]);
    assertEquals([await beat("a"), await beat("b")], [[undefined, undefined], [[], [0]]]);
  });
});

Deno.test("where a protocol is off that is told, and not to look for a coordinator", () => {
  const settings = { "group.coordinator.rebalance.protocols": "classic" };
  return simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    // Nobody has looked for a coordinator so far, so there is no topic of offsets, either.
    const beat = { groupId: "group", memberId, memberEpoch: 0, subscribedTopicNames: ["t"] };
    const asked = { groupIds: ["group"], includeAuthorizedOperations: false };
    const consumer = { ...beat, rebalanceTimeoutMs: 10_000, topicPartitions: [] };
    const { errorCode } = await client.ask(ConsumerGroupHeartbeat, 1, consumer);
    const described = await client.ask(ConsumerGroupDescribe, 1, asked);
    assertEquals([errorCode, told(described.groups)], [UNSUPPORTED_VERSION, [
      [UNSUPPORTED_VERSION, 0],
    ]]);
    const streams = await client.ask(StreamsGroupDescribe, 1, asked);
    assertEquals(told(streams.groups), [[UNSUPPORTED_VERSION, 0]]);
    // Share groups are on.
    const share = await client.ask(ShareGroupHeartbeat, 1, beat);
    assertEquals(share.errorCode, ErrorCode.NOT_COORDINATOR);
  });
});
