// Handlers about what share groups did with records: 78 ShareFetch, 79 ShareAcknowledge,
// 83 InitializeShareGroupState, 84 ReadShareGroupState, 85 WriteShareGroupState,
// 86 DeleteShareGroupState, 87 ReadShareGroupStateSummary, 90 DescribeShareGroupOffsets,
// 91 AlterShareGroupOffsets, 92 DeleteShareGroupOffsets.

import { assertEquals } from "@std/assert";
import { ShareFetch } from "../../protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../protocol/apis/79_share_acknowledge.ts";
import { InitializeShareGroupState } from "../../protocol/apis/83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "../../protocol/apis/84_read_share_group_state.ts";
import { WriteShareGroupState } from "../../protocol/apis/85_write_share_group_state.ts";
import { DeleteShareGroupState } from "../../protocol/apis/86_delete_share_group_state.ts";
import {
  ReadShareGroupStateSummary,
} from "../../protocol/apis/87_read_share_group_state_summary.ts";
import { DescribeShareGroupOffsets } from "../../protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../protocol/apis/91_alter_share_group_offsets.ts";
import { DeleteShareGroupOffsets } from "../../protocol/apis/92_delete_share_group_offsets.ts";
import { ErrorCode, FindCoordinator } from "../../protocol/mod.ts";
import type { RawClient } from "../../../tests/harness/raw_client.ts";
import { type MadeTopic, makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";

const { NONE, GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
const groupId = "group";

/** A scene in which the topic's first partition has its state in a shard. */
function withTopic(scenario: (client: RawClient, topic: MadeTopic) => Promise<void>) {
  const settings = {
    "share.coordinator.state.topic.num.partitions": 1,
    "offsets.topic.num.partitions": 1,
  };
  return simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    const topic = await makeTopic(client);
    await client.findCoordinator();
    const coordinatorKeys = [`${groupId}:${topic.topicId}:0`];
    await client.ask(FindCoordinator, 6, { keyType: 2, coordinatorKeys });
    await scenario(client, topic);
  });
}

type Results = readonly {
  readonly partitions: readonly { readonly errorCode: number }[];
}[];

function codesOf(results: Results): number[] {
  return results.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
}

Deno.test("a share session begins with epoch 0, and goes on with the next", () =>
  withTopic(async (client, { topicId }) => {
    const fetch = async (shareSessionEpoch: number) => {
      const { errorCode } = await client.ask(ShareFetch, 1, {
        groupId,
        memberId: "AAAAAAAAAAAAAAAAAAAAAQ",
        shareSessionEpoch,
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 1000,
        maxRecords: 1,
        batchSize: 1,
        topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
        forgottenTopicsData: [],
      });
      return errorCode;
    };
    const { SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH } = ErrorCode;
    assertEquals(await fetch(1), SHARE_SESSION_NOT_FOUND);
    assertEquals(await fetch(0), NONE);
    assertEquals(await fetch(7), INVALID_SHARE_SESSION_EPOCH);
    const acknowledge = async (shareSessionEpoch: number) => {
      const member = { groupId, memberId: "AAAAAAAAAAAAAAAAAAAAAQ" };
      const asked = { ...member, shareSessionEpoch, topics: [] };
      return (await client.ask(ShareAcknowledge, 1, asked)).errorCode;
    };
    assertEquals(await acknowledge(0), INVALID_SHARE_SESSION_EPOCH);
    assertEquals(await acknowledge(1), NONE);
  }));

Deno.test("a state is begun, written, read and forgotten, partition by partition", () =>
  withTopic(async (client, { topicId }) => {
    const of = <P extends object>(part: P) => ({
      groupId,
      topics: [{ topicId, partitions: [0, 9].map((partition) => ({ partition, ...part })) }],
    });
    const both = [NONE, UNKNOWN_TOPIC_OR_PARTITION];
    const begun = of({ stateEpoch: 1, startOffset: 5 });
    assertEquals(codesOf((await client.ask(InitializeShareGroupState, 0, begun)).results), both);
    const stale = of({ stateEpoch: 0, startOffset: 5 });
    const { FENCED_STATE_EPOCH } = ErrorCode;
    assertEquals(codesOf((await client.ask(InitializeShareGroupState, 0, stale)).results), [
      FENCED_STATE_EPOCH,
      UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const { results: read } = await client.ask(ReadShareGroupState, 0, of({ leaderEpoch: 0 }));
    // Nobody reads or writes a state that was never begun, whatever there is.
    const begunAlone = [NONE, ErrorCode.INVALID_REQUEST];
    assertEquals(codesOf(read), begunAlone);
    assertEquals(read[0]!.partitions[0]!.startOffset, 5);
    const written = of({ stateEpoch: 1, leaderEpoch: 0, startOffset: 8, stateBatches: [] });
    assertEquals(
      codesOf((await client.ask(WriteShareGroupState, 0, written)).results),
      begunAlone,
    );
    const summary = await client.ask(ReadShareGroupStateSummary, 0, of({ leaderEpoch: 0 }));
    assertEquals(codesOf(summary.results), both);
    assertEquals(summary.results[0]!.partitions[0]!.startOffset, 8);
    assertEquals(codesOf((await client.ask(DeleteShareGroupState, 0, of({}))).results), both);
  }));

Deno.test("offsets of share groups are told and forgotten of groups that there are", () =>
  withTopic(async (client, { name: topicName }) => {
    const alter = async (partitionIndex: number) => {
      const topics = [{ topicName, partitions: [{ partitionIndex, startOffset: 0 }] }];
      const answer = await client.ask(AlterShareGroupOffsets, 0, { groupId, topics });
      return [answer.errorCode, ...answer.responses.flatMap((each) => codesOf([each]))];
    };
    assertEquals(await alter(9), [NONE, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await alter(0), [NONE, NONE]);
    const groups = [groupId, "missing"].map((each) => ({
      groupId: each,
      topics: [{ topicName, partitions: [0] }],
    }));
    const described = await client.ask(DescribeShareGroupOffsets, 0, { groups });
    assertEquals(
      described.groups.map((group) =>
        group.topics.flatMap(({ partitions }) => partitions.map(({ startOffset }) => startOffset))
      ),
      [[0], [-1]],
    );
    const missing = { groupId: "missing", topics: [{ topicName }] };
    const { errorCode } = await client.ask(DeleteShareGroupOffsets, 0, missing);
    assertEquals(errorCode, GROUP_ID_NOT_FOUND);
    const deleted = async () => {
      const { responses } = await client.ask(DeleteShareGroupOffsets, 0, { ...missing, groupId });
      return responses.map((each) => [each.errorCode, each.errorMessage]);
    };
    assertEquals(await deleted(), [[NONE, null]]);
    const nothingLeft = "There is no offset information to delete.";
    assertEquals(await deleted(), [[UNKNOWN_TOPIC_OR_PARTITION, nothingLeft]]);
  }));
