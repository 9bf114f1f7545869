import { assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import { FollowerSession, type NamedPartition, type SessionRequest } from "./follower_session.ts";

const [orders, bills] = ["AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"];

function at(topicId: string, partition: number, fetchOffset: number): NamedPartition {
  return {
    key: `${topicId}-${partition}`,
    topicId,
    partition,
    fetchOffset,
    currentLeaderEpoch: 1,
    lastFetchedEpoch: 1,
    logStartOffset: 0,
    partitionMaxBytes: 1000,
  };
}

/** What a request says, short. */
function said({ sessionId, sessionEpoch, topics, forgottenTopicsData }: SessionRequest) {
  return {
    session: [sessionId, sessionEpoch],
    named: topics.flatMap(({ topicId, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [topicId, partition, fetchOffset])
    ),
    forgotten: forgottenTopicsData.flatMap(({ topicId, partitions }) =>
      partitions.map((partition) => [topicId, partition])
    ),
  };
}

const taken = { errorCode: ErrorCode.NONE, sessionId: 7 };

Deno.test("a follower names what has changed, and what it does not want any more", () => {
  const session = new FollowerSession();
  assertEquals(session.isFull, true);
  assertEquals(said(session.request([at(orders, 0, 5), at(bills, 0, 5)])), {
    session: [0, 0],
    named: [[orders, 0, 5], [bills, 0, 5]],
    forgotten: [],
  });
  assertEquals(session.accept(taken), true);
  assertEquals(session.isFull, false);
  assertEquals(said(session.request([at(orders, 0, 5), at(bills, 0, 6), at(bills, 1, 0)])), {
    session: [7, 1],
    named: [[bills, 0, 6], [bills, 1, 0]],
    forgotten: [],
  });
  session.accept(taken);
  assertEquals(said(session.request([at(bills, 0, 6)])), {
    session: [7, 2],
    named: [],
    forgotten: [[orders, 0], [bills, 1]],
  });
  session.accept(taken);
  assertEquals(said(session.request([at(bills, 0, 6), at(orders, 0, 5)])).named, [[orders, 0, 5]]);
});

Deno.test("another epoch or log start is named as well", () => {
  const session = new FollowerSession();
  const first = at(orders, 0, 5);
  session.request([first]);
  for (
    const changed of [
      { currentLeaderEpoch: 2 },
      { lastFetchedEpoch: 2 },
      { logStartOffset: 3 },
      { partitionMaxBytes: 2000 },
    ]
  ) {
    session.accept(taken);
    assertEquals(said(session.request([{ ...first, ...changed }])).named.length, 1);
    session.accept(taken);
    session.request([first]);
  }
});

Deno.test("where the leader has no session everything is named again", () => {
  const lost = [
    ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
  ];
  const session = new FollowerSession();
  const wanted = [at(orders, 0, 5), at(bills, 0, 5)];
  for (const errorCode of lost) {
    session.request(wanted);
    session.accept(taken);
    session.request(wanted);
    assertEquals(session.accept({ errorCode, sessionId: 0 }), false);
    const { named, forgotten, session: [, epoch] } = said(session.request(wanted));
    assertEquals([named.length, forgotten.length, epoch], [2, 0, 0]);
  }
  session.accept(taken);
  session.request(wanted);
  // The request may or may not have been heard.
  session.reset();
  assertEquals(said(session.request(wanted)).session, [7, 0]);
  // A leader that is full answers without a session.
  session.accept({ errorCode: ErrorCode.NONE, sessionId: 0 });
  assertEquals(said(session.request(wanted)), {
    session: [0, 0],
    named: [[orders, 0, 5], [bills, 0, 5]],
    forgotten: [],
  });
});
