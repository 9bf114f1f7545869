// Kafka's kafka-share-groups against a broker: a share group is listed, described with its members
// and how far it is, moved once it has no members, and deleted.

import { assertEquals } from "@std/assert";
import { CreateTopics, ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import {
  DescribeShareGroupOffsets,
} from "../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { reasonToSkip } from "./java/installed.ts";
import { runGroupTool, type ToolCommand } from "./java/tool.ts";

const tool = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
const settings = { "share.coordinator.state.topic.num.partitions": "3" };

/** While the group has a member. */
const whileRead: readonly Omit<ToolCommand, "tool">[] = [
  { args: "--list", says: /^shared$/m },
  { args: "--list --state", says: /^shared\s+Stable/m },
  { args: "--list --state empty", says: /^\s*GROUP\s+STATE\s*$/m },
  { args: "--describe --group shared", says: /^shared\s+t\s+0\s+-\s+-\s*$/m },
  { args: "--describe --group shared --members", says: /^shared\s+member-1\s.*t:0\s*$/m },
  { args: "--describe --group shared --state", says: /^shared\s.*Stable\s+1\s*$/m },
  {
    args: "--reset-offsets --group shared --topic t --to-earliest --execute",
    says: /Share group 'shared' is not empty/,
    fails: true,
  },
  { args: "--delete --group shared", says: /Share group .shared. is not EMPTY/ },
];

/** Once it has none. */
const whileEmpty: readonly Omit<ToolCommand, "tool">[] = [
  {
    args: "--reset-offsets --group shared --topic t --to-earliest --dry-run",
    says: /^shared\s+t\s+0\s+0\s*$/m,
  },
  {
    args: "--reset-offsets --group shared --topic t --to-earliest --execute",
    says: /^shared\s+t\s+0\s+0\s*$/m,
  },
  { args: "--describe --group shared", says: /^shared\s+t\s+0\s+0\s+3\s*$/m },
  {
    args: "--reset-offsets --group shared --all-topics --to-latest --execute",
    says: /^shared\s+t\s+0\s+3\s*$/m,
  },
  { args: "--describe --group shared --offsets --verbose", says: /^shared\s+t\s+0\s+.*3\s+0\s*$/m },
  {
    args: "--delete-offsets --group shared --topic t",
    says: /^t\s+Successful\s*$/m,
  },
  {
    args: "--delete --group shared",
    says: /Deletion of requested share groups .*shared.* success/,
  },
  {
    args: "--describe --group shared",
    says: /GroupIdNotFoundException: Group shared not found/,
  },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`kafka-share-groups is skipped: ${skipped}`);

Deno.test({
  name: "kafka-share-groups lists, describes, moves and deletes a share group",
  ignore: skipped !== undefined,
  fn: async (t) => {
    await using broker = await BrokerProcess.start({ settings });
    await runGroupTool(t, broker, { tool, whileRead, whileEmpty, join });
  },
});

/** A member of the group, which reads a topic of three records. */
async function join(client: RawClient) {
  const groupId = "shared";
  await client.findCoordinator(groupId);
  const topic = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.ask(CreateTopics, 7, { topics: [{ name: "t", ...topic }] });
  await client.ask(Produce, 9, produceRequest({ topic: "t", records: batchOf(["a", "b", "c"]) }));
  let memberEpoch = 0;
  const beat = async (epoch: number) => {
    const subscribedTopicNames = epoch === 0 ? ["t"] : null;
    const member = { groupId, memberId: "member-1", rackId: null, subscribedTopicNames };
    const answer = await client.ask(ShareGroupHeartbeat, 1, { ...member, memberEpoch: epoch });
    assertEquals(answer.errorCode, ErrorCode.NONE, answer.errorMessage ?? "");
    memberEpoch = answer.memberEpoch;
  };
  await beat(0);
  // The share coordinator has begun to keep the state once the group tells of it.
  for (let kept = 0; kept === 0;) {
    const { groups: [group] } = await client.ask(DescribeShareGroupOffsets, 1, {
      groups: [{ groupId, topics: null }],
    });
    kept = group.topics.length;
  }
  for (const before = memberEpoch; memberEpoch === before;) await beat(memberEpoch);
  return { stay: () => beat(memberEpoch), leave: () => beat(-1) };
}
