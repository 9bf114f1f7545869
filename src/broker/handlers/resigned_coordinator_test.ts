// Requests of many partitions about a group whose coordinator resigns between two of their slices:
// they are told so, and nothing is asked of a machine that decides no more.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../base/ids.ts";
import {
  ErrorCode,
  type OffsetCommit,
  type OffsetFetch,
  type ResponseOf,
} from "../../protocol/mod.ts";
import { Shard } from "../coordination/shard.ts";
import { offsetCommit } from "./08_offset_commit.ts";
import { offsetFetch } from "./09_offset_fetch.ts";

const topicId = "AAAAAAAAAAAAAAAAAAAAAQ";

/** The services, at whose next slice the group's shard resigns. */
function resigning(asked: "commitOffsets" | "fetchOffsets", answer: unknown) {
  const machine = {
    [asked]() {
      assert(!shard.isResigned, "a machine that has resigned is asked");
      return answer;
    },
  };
  const shard: Shard<never, never, never> = new Shard(
    {} as never,
    { newMachine: () => machine } as never,
  );
  const slices = {
    get isOver() {
      return !shard.isResigned;
    },
    next() {
      shard.resign();
      return Promise.resolve();
    },
    spend() {},
  };
  const orders = { name: "orders", id: topicId, partitions: [{}] };
  const image = { topic: () => orders, topicById: () => orders };
  const services = { slices, metadata: { image }, groups: { of: () => Promise.resolve(shard) } };
  return (version: number) => ({ services, version, may: () => true }) as never;
}

Deno.test("a commit is told that its coordinator has resigned", async () => {
  const context = resigning("commitOffsets", undefined);
  const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "" }];
  const topics = [{ name: "orders", topicId: ZERO_UUID, partitions }];
  const request = { groupId: "billing", topics } as never;
  const answer = await offsetCommit.handle(request, context(8)) as ResponseOf<typeof OffsetCommit>;
  assertEquals(answer.topics[0]?.partitions[0]?.errorCode, ErrorCode.NOT_COORDINATOR);
});

Deno.test("who asks for many offsets is told so, too", async () => {
  const none = { groupId: "billing", topics: [{ partitions: [{}] }], errorCode: ErrorCode.NONE };
  const context = resigning("fetchOffsets", none);
  const partitionIndexes = Array.from({ length: 10_000 }, (_, index) => index);
  const topics = [{ name: "orders", topicId: ZERO_UUID, partitionIndexes }];
  const groups = [{ groupId: "billing", topics, memberId: null, memberEpoch: -1 }];
  const request = { groups } as never;
  const answer = await offsetFetch.handle(request, context(9)) as ResponseOf<typeof OffsetFetch>;
  assertEquals(answer.groups[0]?.errorCode, ErrorCode.NOT_COORDINATOR);
});
