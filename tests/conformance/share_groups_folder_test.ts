// Folders with share groups, carried from Kafka to Ottla and from Ottla to Kafka: a member goes on
// with its epoch and its partitions, and a group starts where it was set to.

import { assertEquals } from "@std/assert";
import { ErrorCode, FindCoordinator } from "../../src/protocol/mod.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "../../src/protocol/apis/77_share_group_describe.ts";
import {
  DescribeShareGroupOffsets,
} from "../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../src/protocol/apis/91_alter_share_group_offsets.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import { KafkaProcess } from "./migration/kafka_process.ts";

const [read, moved] = ["read", "moved"];
const memberId = "member-1";
const settings = {
  "share.coordinator.state.topic.num.partitions": "3",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  // Nobody is fenced while one broker takes the place of the other.
  "group.share.session.timeout.ms": "60000",
};

const passing: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
];

/** The first answer that is not about something that passes. */
async function lasting<A extends { errorCode: number }>(ask: () => Promise<A>): Promise<A> {
  for (;;) {
    const answer = await ask();
    if (!passing.includes(answer.errorCode)) return answer;
  }
}

async function beat(client: RawClient, memberEpoch: number, topic: string | null = null) {
  const subscribedTopicNames = topic === null ? null : [topic];
  const request = { groupId: read, memberId, memberEpoch, rackId: null, subscribedTopicNames };
  const answer = await lasting(() => client.ask(ShareGroupHeartbeat, 1, request));
  assertEquals(answer.errorCode, ErrorCode.NONE, answer.errorMessage ?? "");
  return answer;
}

/** A group with a member that has both partitions, and one without members that starts at 1. */
async function begin(client: RawClient): Promise<{ topic: string; epoch: number }> {
  for (const key of [read, moved]) {
    await lasting(async () => {
      const request = { keyType: 0, coordinatorKeys: [key] };
      return (await client.ask(FindCoordinator, 4, request)).coordinators[0];
    });
  }
  const { name: topic } = await makeTopic(client, { partitions: 2 });
  const records = batchOf(["a", "b", "c"]);
  await lasting(() => produceTo(client, { topic, records }));
  let { memberEpoch: epoch, assignment } = await beat(client, 0, topic);
  while (assignment?.topicPartitions[0]?.partitions.length !== 2) {
    ({ memberEpoch: epoch, assignment } = await beat(client, epoch, topic));
  }
  const topics = [{ topicName: topic, partitions: [{ partitionIndex: 0, startOffset: 1 }] }];
  const { responses } = await client.ask(AlterShareGroupOffsets, 0, { groupId: moved, topics });
  assertEquals(responses[0].partitions[0].errorCode, ErrorCode.NONE);
  return { topic, epoch };
}

/** What is told of both groups; epochs but for the member's are told by how they compare. */
async function told(client: RawClient) {
  const describe = (groupId: string) =>
    lasting(async () => {
      const asked = { groupIds: [groupId], includeAuthorizedOperations: false };
      return (await client.ask(ShareGroupDescribe, 1, asked)).groups[0];
    });
  const group = await describe(read);
  const { groupState } = await describe(moved);
  const { groups } = await client.ask(DescribeShareGroupOffsets, 1, {
    groups: [read, moved].map((groupId) => ({ groupId, topics: null })),
  });
  const starts = groups.map(({ topics }) =>
    topics.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, startOffset, lag }) => [partitionIndex, startOffset, lag])
        .sort()
    )
  );
  return { group, groupState, starts };
}

/** The other broker goes on with what it finds. */
async function goOn(
  bootstrap: string,
  { epoch, before }: { epoch: number; before: Awaited<ReturnType<typeof told>> },
): Promise<void> {
  const [host, port] = bootstrap.split(":");
  using client = await RawClient.connect({ host, port: Number(port) });
  assertEquals(await told(client), before);
  // The lags of both are compared above. Kafka may have begun so early that it knows of none.
  const places = before.starts.map((group) =>
    group.map(([partition, start]) => [partition, start])
  );
  assertEquals(places, [[[0, -1], [1, -1]], [[0, 1]]]);
  const answer = await beat(client, epoch);
  assertEquals(answer.assignment, null, "nothing has changed for it");
  assertEquals((await beat(client, -1)).memberEpoch, -1);
}

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`folders with share groups are skipped: ${skip}`);

Deno.test({
  name: "a share group that Kafka has begun goes on here",
  ignore: skip !== undefined,
  fn: async () => {
    await using kafka = await BrokerProcess.start({ target: "kafka", settings });
    let found;
    {
      using client = await RawClient.connect(kafka);
      const { epoch } = await begin(client);
      found = { epoch, before: await told(client) };
    }
    await kafka.stop();
    await using ottla = await BrokerProcess.start({ dataDir: kafka.logFolder, settings });
    await goOn(ottla.bootstrap, found);
  },
});

Deno.test({
  name: "a share group that was begun here goes on in Kafka",
  ignore: skip !== undefined,
  fn: async () => {
    await using ottla = await BrokerProcess.start({ settings });
    let found;
    {
      using client = await RawClient.connect(ottla);
      const { epoch } = await begin(client);
      found = { epoch, before: await told(client) };
      assertEquals(found.before.starts, [[[0, -1, -1], [1, -1, -1]], [[0, 1, 2]]]);
    }
    await ottla.stop();
    await using kafka = await KafkaProcess.start({
      release: "4.3",
      nodeId: 1,
      voters: "static",
      folder: ottla.logFolder,
      settings,
    });
    await goOn(kafka.bootstrap, found);
  },
});
