// What share groups did with records is kept across SIGKILL, and its topic is cut off below what is
// needed: brokers' requests over sockets (KIP-932).

import { assert, assertEquals } from "@std/assert";
import { DeleteTopics, ErrorCode, FindCoordinator, ListOffsets } from "../../src/protocol/mod.ts";
import {
  InitializeShareGroupState,
} from "../../src/protocol/apis/83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "../../src/protocol/apis/84_read_share_group_state.ts";
import { WriteShareGroupState } from "../../src/protocol/apis/85_write_share_group_state.ts";
import { DeleteShareGroupState } from "../../src/protocol/apis/86_delete_share_group_state.ts";
import {
  ReadShareGroupStateSummary,
} from "../../src/protocol/apis/87_read_share_group_state_summary.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";

const groupId = "shared";
const stateTopic = "__share_group_state";
const settings = { "share.coordinator.state.topic.num.partitions": "3" };

/** Asks about partition `partition` of a topic. */
function asker(client: RawClient, topicId: string) {
  const topics = (asked: object = {}, partition = 0) =>
    [{ topicId, partitions: [{ partition, ...asked }] }] as never;
  const only = <P>({ results }: { results: readonly { partitions: readonly P[] }[] }) =>
    results[0].partitions[0];
  return {
    find: async (partition = 0) => {
      const coordinatorKeys = [`${groupId}:${topicId}:${partition}`];
      const answer = await client.ask(FindCoordinator, 6, { keyType: 2, coordinatorKeys });
      return answer.coordinators[0].errorCode;
    },
    initialize: async (stateEpoch: number, startOffset: number) =>
      only(
        await client.ask(InitializeShareGroupState, 0, {
          groupId,
          topics: topics({ stateEpoch, startOffset }),
        }),
      ).errorCode,
    read: async (leaderEpoch = 0) =>
      only(
        await client.ask(ReadShareGroupState, 0, { groupId, topics: topics({ leaderEpoch }) }),
      ),
    write: async (startOffset: number, stateBatches: readonly object[] = []) =>
      only(
        await client.ask(WriteShareGroupState, 1, {
          groupId,
          topics: topics({
            stateEpoch: 1,
            leaderEpoch: 0,
            startOffset,
            deliveryCompleteCount: 2,
            stateBatches,
          }),
        }),
      ).errorCode,
    forget: async (partition = 0) =>
      only(
        await client.ask(DeleteShareGroupState, 0, { groupId, topics: topics({}, partition) }),
      ).errorCode,
    summary: async () =>
      only(
        await client.ask(ReadShareGroupStateSummary, 1, {
          groupId,
          topics: topics({ leaderEpoch: 0 }),
        }),
      ),
  };
}

const batches = [
  { firstOffset: 7, lastOffset: 9, deliveryState: 2, deliveryCount: 1 },
  { firstOffset: 10, lastOffset: 10, deliveryState: 0, deliveryCount: 4 },
];

Deno.test("the state of a share partition outlives SIGKILL", async () => {
  await using broker = await BrokerProcess.start({ settings });
  let topicId = "";
  {
    using client = await RawClient.connect(broker);
    topicId = (await makeTopic(client)).topicId;
    const ask = asker(client, topicId);
    assertEquals((await ask.read()).errorCode, ErrorCode.NOT_COORDINATOR, "nobody has asked yet");
    assertEquals(await ask.find(), ErrorCode.NONE);
    assertEquals((await ask.summary()).startOffset, -1);
    assertEquals(await ask.initialize(1, 5), ErrorCode.NONE);
    assertEquals(await ask.write(6, batches), ErrorCode.NONE);
    assertEquals(await ask.forget(9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  }
  await broker.kill();
  await broker.restart();
  using client = await RawClient.connect(broker);
  const ask = asker(client, topicId);
  const { errorCode, errorMessage: _, partition: __, ...state } = await ask.read(3);
  assertEquals(errorCode, ErrorCode.NONE);
  assertEquals(state, { stateEpoch: 1, startOffset: 6, stateBatches: batches });
  const { startOffset, deliveryCompleteCount, leaderEpoch } = await ask.summary();
  assertEquals([startOffset, deliveryCompleteCount, leaderEpoch], [6, 2, 3]);
  assertEquals(await ask.write(6), ErrorCode.FENCED_LEADER_EPOCH);
  assertEquals(await ask.forget(), ErrorCode.NONE);
  assertEquals((await ask.read(3)).errorCode, ErrorCode.INVALID_REQUEST);
});

Deno.test("only a whole share partition has a coordinator", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    const codes = [];
    const topicId = "AAAAAAAAAAAAAAAAAAAAAQ";
    for (const key of ["g", "g:t:0", `g:${topicId}:x`, `g:${topicId}:1`]) {
      const answer = await client.ask(FindCoordinator, 6, { keyType: 2, coordinatorKeys: [key] });
      codes.push(answer.coordinators[0].errorCode);
    }
    const { INVALID_REQUEST, NONE } = ErrorCode;
    assertEquals(codes, [INVALID_REQUEST, INVALID_REQUEST, INVALID_REQUEST, NONE]);
  });
});

Deno.test("what nobody needs is cut off, and states of deleted topics are forgotten", async () => {
  const few = { "share.coordinator.snapshot.update.records.per.snapshot": 3 };
  await simulated(
    { settings: { "share.coordinator.state.topic.num.partitions": 1, ...few } },
    async ({ connect, pass }) => {
      using client = await connect();
      const { name: topic, topicId } = await makeTopic(client);
      const ask = asker(client, topicId);
      await ask.find();
      await ask.initialize(1, 0);
      for (let i = 0; i < 9; i++) await ask.write(i);
      // snapshot, 3 updates, snapshot, 3 updates, snapshot, update
      assertEquals(await startOf(client), 0);
      await pass(301_000);
      const startOffset = await startOf(client);
      assert(startOffset >= 8, `still from ${startOffset}`);
      assertEquals((await ask.read()).startOffset, 8);
      await client.ask(DeleteTopics, 5, { topicNames: [topic], timeoutMs: 1_000 });
      assertEquals((await ask.summary()).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      await pass(601_000);
      const { earliest, latest } = { earliest: await startOf(client), latest: await endOf(client) };
      assertEquals(earliest, latest, "nothing is needed any more");
    },
  );
});

async function offsetOf(client: RawClient, timestamp: number): Promise<number> {
  const topics = [{ name: stateTopic, partitions: [{ partitionIndex: 0, timestamp }] }];
  const answer = await client.ask(ListOffsets, 5, { replicaId: -1, isolationLevel: 0, topics });
  return Number(answer.topics[0].partitions[0].offset);
}

const startOf = (client: RawClient) => offsetOf(client, -2);
const endOf = (client: RawClient) => offsetOf(client, -1);
