// Kafka's kafka-consumer-groups against a group of the consumer protocol (KIP-848): it is listed,
// described with its members and how far it is, moved once it has no members, and deleted.

import { assertEquals } from "@std/assert";
import { CreateTopics, ErrorCode, OffsetCommit, Produce } from "../../src/protocol/mod.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { reasonToSkip } from "./java/installed.ts";
import { runGroupTool, type ToolCommand } from "./java/tool.ts";

const tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/** A command may take its time on a busy machine, and the member is silent meanwhile. */
const settings = {
  "group.consumer.max.session.timeout.ms": "600000",
  "group.consumer.session.timeout.ms": "600000",
};

/** While the group has a member. */
const whileRead: readonly Omit<ToolCommand, "tool">[] = [
  { args: "--list", says: /^modern$/m },
  { args: "--list --type consumer", says: /^modern\s+Consumer\s*$/m },
  { args: "--list --type classic", says: /^\s*GROUP\s+TYPE\s*$/m },
  { args: "--list --state stable", says: /^modern\s+Stable\s*$/m },
  {
    args: "--describe --group modern",
    says: /^modern\s+t\s+0\s+1\s+3\s+2\s+member-1\s+\/127\.0\.0\.1\s+raw-client\s*$/m,
  },
  {
    args: "--describe --group modern --members",
    says: /^modern\s+member-1\s.*raw-client\s+1\s*$/m,
  },
  {
    args: "--describe --group modern --members --verbose",
    says: /^modern\s+member-1\s.*\s1\s+2\s+t:0\s+.*2\s+t:0\s*$/m,
  },
  { args: "--describe --group modern --state", says: /^modern\s.*uniform\s+Stable\s+1\s*$/m },
  {
    args: "--reset-offsets --group modern --topic t --to-earliest --execute",
    says: /Assignments can only be reset if the group 'modern' is inactive/,
  },
  { args: "--delete --group modern", says: /'modern' could not be deleted due to.*GroupNotEmpty/ },
  {
    args: "--delete-offsets --group modern --topic t",
    says: /subscribed/i,
  },
];

/** Once it has none. */
const whileEmpty: readonly Omit<ToolCommand, "tool">[] = [
  { args: "--describe --group modern --state", says: /^modern\s.*Empty\s+0\s*$/m },
  {
    args: "--reset-offsets --group modern --topic t --to-latest --dry-run",
    says: /^modern\s+t\s+0\s+3\s*$/m,
  },
  { args: "--describe --group modern", says: /^modern\s+t\s+0\s+1\s+3\s+2\s/m },
  {
    args: "--reset-offsets --group modern --all-topics --to-latest --execute",
    says: /^modern\s+t\s+0\s+3\s*$/m,
  },
  { args: "--describe --group modern --offsets", says: /^modern\s+t\s+0\s+3\s+3\s+0\s/m },
  {
    args: "--reset-offsets --group modern --topic t:0 --shift-by -2 --execute",
    says: /^modern\s+t\s+0\s+1\s*$/m,
  },
  { args: "--delete-offsets --group modern --topic t", says: /^t\s+0\s+Successful\s*$/m },
  {
    args: "--delete --group modern",
    says: /Deletion of requested consumer groups .*modern.* success/,
  },
  { args: "--describe --group modern", says: /GroupIdNotFoundException: Group modern not found/ },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`kafka-consumer-groups is skipped: ${skipped}`);

Deno.test({
  name: "kafka-consumer-groups lists, describes, moves and deletes a consumer group",
  ignore: skipped !== undefined,
  fn: async (t) => {
    await using broker = await BrokerProcess.start({ settings });
    await runGroupTool(t, broker, { tool, whileRead, whileEmpty, join });
  },
});

/** A member of the group, which has read one of a topic's three records. */
async function join(client: RawClient) {
  const groupId = "modern";
  await client.findCoordinator(groupId);
  const topic = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.ask(CreateTopics, 7, { topics: [{ name: "t", ...topic }] });
  await client.ask(Produce, 9, produceRequest({ topic: "t", records: batchOf(["a", "b", "c"]) }));
  const memberId = "member-1";
  let epoch = 0;
  const beat = async (memberEpoch: number) => {
    const joins = memberEpoch === 0;
    const answer = await client.ask(ConsumerGroupHeartbeat, 1, {
      groupId,
      memberId,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: joins ? 60_000 : -1,
      subscribedTopicNames: joins ? ["t"] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: joins ? [] : null,
    });
    assertEquals(answer.errorCode, ErrorCode.NONE, answer.errorMessage ?? "");
    epoch = answer.memberEpoch;
  };
  await beat(0);
  const { topics: [committed] } = await client.ask(OffsetCommit, 9, {
    groupId,
    generationIdOrMemberEpoch: epoch,
    memberId,
    topics: [{
      name: "t",
      partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }],
    }],
  });
  assertEquals(committed?.partitions[0]?.errorCode, ErrorCode.NONE);
  return { stay: () => beat(epoch), leave: () => beat(-1) };
}
