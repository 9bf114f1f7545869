// Folders with streams groups, both ways: what Kafka has written Ottla goes on with, and what Ottla
// has written Kafka does: the same group, member, tasks and offsets.

import { assertEquals } from "@std/assert";
import {
  StreamsGroupHeartbeat,
  type StreamsGroupHeartbeatRequest,
} from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "../../src/protocol/apis/89_streams_group_describe.ts";
import {
  CreateTopics,
  ErrorCode,
  FindCoordinator,
  OffsetCommit,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { streamsRequest, topologies } from "../harness/streams_script.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import { KafkaProcess } from "./migration/kafka_process.ts";

const groupId = "counting";
const settings = {
  "group.streams.initial.rebalance.delay.ms": "0",
  "group.streams.assignment.interval.ms": "0",
};
const topology = { epoch: 4, subtopologies: [...topologies.count ?? []] };

async function beat(client: RawClient, change: Partial<StreamsGroupHeartbeatRequest>) {
  const request = streamsRequest({ groupId, memberId: "a", ...change });
  return await client.ask(StreamsGroupHeartbeat, 0, request);
}

/** The first heartbeat that a coordinator answers for good. */
async function settled(client: RawClient, change: Partial<StreamsGroupHeartbeatRequest>) {
  for (;;) {
    const { coordinators: [found] } = await client.ask(FindCoordinator, 4, {
      keyType: 0,
      coordinatorKeys: [groupId],
    });
    const answer = found?.errorCode === ErrorCode.NONE ? await beat(client, change) : undefined;
    const passing: readonly number[] = [
      ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      ErrorCode.NOT_COORDINATOR,
    ];
    if (answer !== undefined && !passing.includes(answer.errorCode)) return answer;
  }
}

/** A member that has all of its tasks, and an offset that it has committed. */
async function begin(client: RawClient): Promise<void> {
  const replicationFactor = 1;
  await client.ask(CreateTopics, 5, {
    topics: ["t", "r", "c"].map((name) => {
      return { name, numPartitions: 2, replicationFactor, assignments: [], configs: [] };
    }),
    timeoutMs: 10_000,
    validateOnly: false,
  });
  const nothing = { activeTasks: [], standbyTasks: [], warmupTasks: [] };
  const joining = { topology, rebalanceTimeoutMs: 60_000, processId: "p", ...nothing };
  let answer = await settled(client, joining);
  // Kafka's coordinator hears of topics later than others do; and what it has worked out of them at
  // the first heartbeat of a group it tells after the second.
  do {
    answer = await beat(client, { memberEpoch: answer.memberEpoch });
  } while (answer.status?.length !== 0);
  const { topics } = await client.ask(OffsetCommit, 9, {
    groupId,
    memberId: "a",
    generationIdOrMemberEpoch: answer.memberEpoch,
    topics: [{
      name: "t",
      partitions: [{ partitionIndex: 1, committedOffset: 7, committedMetadata: "" }],
    }],
  });
  assertEquals(topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE);
}

async function describe(client: RawClient) {
  const question = { groupIds: [groupId], includeAuthorizedOperations: false };
  const { groups: [group] } = await client.ask(StreamsGroupDescribe, 0, question);
  const { groups: [offsets] } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId, topics: [{ name: "t", partitionIndexes: [1] }] }],
  });
  const offset = Number(offsets?.topics[0]?.partitions[0]?.committedOffset);
  return { group, offset };
}

/** What the broker after it must find, with who goes on as if nothing had been. */
async function goesOn(client: RawClient, before: Awaited<ReturnType<typeof describe>>) {
  const memberEpoch = before.group?.members[0]?.memberEpoch ?? 0;
  const answer = await settled(client, { memberEpoch });
  assertEquals([answer.errorCode, answer.status], [ErrorCode.NONE, []]);
  const after = await describe(client);
  // Of the topics each broker has a hash of its own: that another is there is a change, once.
  const apart = { groupEpoch: 0, assignmentEpoch: 0 };
  const known = (each: typeof before) => ({
    ...each,
    group: {
      ...each.group,
      ...apart,
      members: each.group?.members.map((member) => ({ ...member, memberEpoch: 0 })),
    },
  });
  assertEquals(known(after), known(before));
}

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`folders with streams groups are skipped: ${skip}`);

Deno.test({
  name: "a streams group of Kafka's goes on here, and one of ours goes on in Kafka",
  ignore: skip !== undefined,
  fn: async (t) => {
    await t.step("from Kafka", async () => {
      await using kafka = await BrokerProcess.start({ target: "kafka", settings });
      let before;
      {
        using client = await RawClient.connect(kafka);
        await begin(client);
        before = await describe(client);
      }
      assertEquals([before.group?.groupState, before.offset], ["Stable", 7]);
      await kafka.stop();
      await using ottla = await BrokerProcess.start({ dataDir: kafka.logFolder, settings });
      using client = await RawClient.connect(ottla);
      await goesOn(client, before);
    });
    await t.step("from Ottla", async () => {
      const folder = await Deno.makeTempDir({ prefix: "streams-folder-" });
      try {
        let before;
        {
          await using ottla = await BrokerProcess.start({ dataDir: `${folder}/logs`, settings });
          using client = await RawClient.connect(ottla);
          await begin(client);
          before = await describe(client);
          await ottla.stop();
        }
        assertEquals([before.group?.groupState, before.offset], ["Stable", 7]);
        await using kafka = await KafkaProcess.start({
          release: "4.3",
          folder: `${folder}/logs`,
          nodeId: 1,
          voters: "static",
          settings,
        });
        const [host = "", port] = kafka.bootstrap.split(":");
        using client = await RawClient.connect({ host, port: Number(port) });
        await goesOn(client, before);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  },
});
