// The machine of fetch sessions: which numbers a request may bring, what is told, who gives way.

import { assert, assertEquals } from "@std/assert";
import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { firstOf, itemAt } from "../../base/items.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { SeededRandom } from "../../runtime/simulated_time.ts";
import type { PartitionData } from "./partition_data.ts";
import { FetchSession, type Forgotten, type NamedTopic, type Wanted } from "./session.ts";
import { FetchSessions, type SessionAnswer, type SessionRequest } from "./sessions.ts";

const orders: NamedTopic = { topic: "orders", topicId: ZERO_UUID };
const minutesMs = 60_000;

function world(o: { slotsMax?: number; bytesMax?: number; seed?: number } = {}) {
  const clock = { nowMs: 0 };
  const sessions = new FetchSessions({
    slotsMax: o.slotsMax ?? 10,
    bytesMax: o.bytesMax ?? 1 << 20,
    random: new SeededRandom(o.seed ?? 1, "ids"),
    monotonic: () => clock.nowMs,
  });
  return { clock, sessions };
}

function want(partition: number, o: Partial<Wanted> = {}): Wanted {
  return {
    of: orders,
    partition,
    partitionMaxBytes: 1000,
    fetchOffset: 0,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    ...o,
  };
}

function wantAll(count: number): Wanted[] {
  return Array.from({ length: count }, (_, partition) => want(partition));
}

function dataOf(partitionIndex: number, o: Partial<PartitionData> = {}): PartitionData {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark: 5,
    lastStableOffset: 5,
    logStartOffset: 0,
    abortedTransactions: null,
    records: new Uint8Array(0),
    ...o,
  };
}

type Asked = Partial<SessionRequest> & {
  /** What is found; absent: nothing new in any. */
  find?: (wanted: Wanted) => PartitionData;
};

function ask(sessions: FetchSessions, { find, ...asked }: Asked = {}): SessionAnswer | ErrorCode {
  const turn = sessions.begin({
    sessionId: 0,
    sessionEpoch: 0,
    usesTopicIds: false,
    isPrivileged: false,
    wanted: [],
    forgotten: [],
    ...asked,
  });
  if (typeof turn === "number") return turn;
  return turn.finish(turn.wanted.map(find ?? (({ partition }) => dataOf(partition))));
}

/** As `ask`, of what must be answered. */
function told(sessions: FetchSessions, asked: Asked = {}) {
  const answer = ask(sessions, asked);
  if (typeof answer === "number") throw new Error(`error ${answer}`);
  const { errorCode, sessionId } = answer;
  return { errorCode, sessionId, partitions: answer.wanted.map(({ partition }) => partition) };
}

const forget = (...partitions: number[]): Forgotten[] => [{ ...orders, partitions }];

Deno.test("a session is told what is new, and asked for what has changed", () => {
  const { sessions } = world();
  const { sessionId, partitions } = told(sessions, { wanted: wantAll(3) });
  assert(sessionId > 0);
  assertEquals(partitions, [0, 1, 2], "the first answer is whole");
  const go = (sessionEpoch: number, asked: Asked = {}) =>
    told(sessions, { sessionId, sessionEpoch, ...asked }).partitions;
  assertEquals(go(1), [], "nothing has changed");
  const find = ({ partition }: Wanted) =>
    dataOf(partition, partition === 1 ? { highWatermark: 6 } : {});
  assertEquals(go(2, { find }), [1]);
  assertEquals(go(3, { find }), [], "and is told once");
  assertEquals(go(4, { find, wanted: [want(7)] }), [7], "a partition more");
  assertEquals(go(5, { find: (each) => dataOf(each.partition), forgotten: forget(1) }), []);
});

Deno.test("each kind of news is told", () => {
  const news: Partial<PartitionData>[] = [
    { highWatermark: 6 },
    { lastStableOffset: 4 },
    { logStartOffset: 1 },
    { records: new Uint8Array(1) },
    { errorCode: ErrorCode.KAFKA_STORAGE_ERROR },
    { divergingEpoch: { epoch: 1, endOffset: 2 } },
  ];
  for (const each of news) {
    const { sessions } = world();
    const { sessionId } = told(sessions, { wanted: wantAll(2) });
    const find = ({ partition }: Wanted) => dataOf(partition, partition === 0 ? each : {});
    const answer = told(sessions, { sessionId, sessionEpoch: 1, find });
    assertEquals(answer.partitions, [0], JSON.stringify(each));
  }
});

Deno.test("an error is told each time, and so is its end", () => {
  const { sessions } = world();
  const { sessionId } = told(sessions, { wanted: wantAll(1) });
  const find = () => dataOf(0, { errorCode: ErrorCode.UNKNOWN_TOPIC_ID });
  assertEquals(told(sessions, { sessionId, sessionEpoch: 1, find }).partitions, [0]);
  assertEquals(told(sessions, { sessionId, sessionEpoch: 2, find }).partitions, [0]);
  assertEquals(told(sessions, { sessionId, sessionEpoch: 3 }).partitions, [0]);
  assertEquals(told(sessions, { sessionId, sessionEpoch: 4 }).partitions, []);
});

Deno.test("a partition that has given records goes to the end", () => {
  const { sessions } = world();
  const { sessionId } = told(sessions, { wanted: wantAll(3) });
  // The answer's bound is reached by the first partition each time.
  let order: number[] = [];
  const served = Array.from({ length: 6 }, (_, i) => {
    order = [];
    const find = ({ partition }: Wanted) => {
      order.push(partition);
      return dataOf(partition, order.length === 1 ? { records: new Uint8Array(1) } : {});
    };
    return told(sessions, { sessionId, sessionEpoch: i + 1, find }).partitions;
  });
  assertEquals(served, [[0], [1], [2], [0], [1], [2]]);
});

Deno.test("the numbers of a request are those of its session", () => {
  const { sessions } = world();
  const wanted = wantAll(1);
  assertEquals(ask(sessions, { sessionEpoch: 1 }), ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  assertEquals(ask(sessions, { sessionEpoch: -2 }), ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  const { sessionId } = told(sessions, { wanted });
  for (const sessionEpoch of [2, 5, -2]) {
    assertEquals(ask(sessions, { sessionId, sessionEpoch }), ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  }
  const usesTopicIds = true;
  assertEquals(
    ask(sessions, { sessionId, sessionEpoch: 1, usesTopicIds }),
    ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
  );
  assertEquals(told(sessions, { sessionId, sessionEpoch: 1 }).errorCode, ErrorCode.NONE);
  assertEquals(
    ask(sessions, { sessionId, sessionEpoch: 1 }),
    ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    "a request that comes twice",
  );
});

Deno.test("a session ends with its last request, or for a new one", () => {
  const { sessions } = world();
  const wanted = wantAll(2);
  const first = told(sessions, { wanted });
  const ended = told(sessions, { sessionId: first.sessionId, sessionEpoch: -1, wanted });
  assertEquals([ended.sessionId, ended.partitions, sessions.count], [0, [0, 1], 0]);
  assertEquals([sessions.bytes, sessions.partitionCount], [0, 0]);
  const second = told(sessions, { wanted });
  const third = told(sessions, { sessionId: second.sessionId, wanted });
  assert(third.sessionId !== second.sessionId && third.sessionId !== 0);
  assertEquals(sessions.count, 1);
  const { sessionId } = third;
  const emptied = told(sessions, { sessionId, sessionEpoch: 1, forgotten: forget(0, 1) });
  assertEquals([emptied.sessionId, sessions.count], [0, 0], "without partitions it ends");
});

Deno.test("epochs begin anew behind the largest one", () => {
  const nowMs = 0;
  const session = new FetchSession({ id: 1, usesTopicIds: false, isPrivileged: false, nowMs });
  session.epoch = 0x7fff_ffff;
  session.advance();
  assertEquals(session.epoch, 1);
});

Deno.test("a topic is known by its id where the session uses ids", () => {
  const { sessions } = world();
  const topicId = "b3R0bGEtY29uZm9ybWFuYw" as Uuid;
  const of = { topic: "", topicId };
  const other = { topic: "", topicId: "qVNPd6uSQ9KXuwz2ybfVIw" as Uuid };
  const wanted = [want(0, { of }), want(0, { of: other })];
  const { sessionId } = told(sessions, { usesTopicIds: true, wanted });
  assertEquals(sessions.partitionCount, 2);
  const go = { sessionId, usesTopicIds: true };
  told(sessions, { ...go, sessionEpoch: 1, forgotten: [{ ...of, partitions: [0, 9] }] });
  assertEquals(sessions.partitionCount, 1);
  // franz-go may send ids of nothing.
  const nothing = [{ topic: "", topicId: ZERO_UUID, partitions: [0] }];
  told(sessions, { ...go, sessionEpoch: 2, forgotten: nothing });
  assertEquals(sessions.partitionCount, 1);
});

Deno.test("a request whose session went on without it is refused", () => {
  const { sessions } = world();
  const { sessionId } = told(sessions, { wanted: wantAll(1) });
  const request = {
    sessionId,
    usesTopicIds: false,
    isPrivileged: false,
    wanted: [],
    forgotten: [],
  };
  const waiting = sessions.begin({ ...request, sessionEpoch: 1 });
  if (typeof waiting === "number") throw new Error(`error ${waiting}`);
  told(sessions, { sessionId, sessionEpoch: 2 });
  const { errorCode, data } = waiting.finish([dataOf(0, { highWatermark: 9 })]);
  assertEquals([errorCode, data], [ErrorCode.INVALID_FETCH_SESSION_EPOCH, []]);
});

Deno.test("what was not sent is told the next time", () => {
  const { sessions } = world();
  const partitions = [{ of: orders, partition: 0 }];
  const first = told(sessions, { wanted: wantAll(2) });
  assertEquals(sessions.withhold({ sessionId: first.sessionId, partitions }), 0);
  assertEquals(sessions.count, 0, "nobody has heard of that session");
  const { sessionId } = told(sessions, { wanted: wantAll(2) });
  const find = ({ partition }: Wanted) => dataOf(partition, { highWatermark: 8 });
  told(sessions, { sessionId, sessionEpoch: 1, find });
  assertEquals(sessions.withhold({ sessionId, partitions }), sessionId);
  assertEquals(told(sessions, { sessionId, sessionEpoch: 2, find }).partitions, [0]);
  assertEquals(sessions.withhold({ sessionId: 0, partitions }), 0);
});

Deno.test("without a slot there is no session, unless one gives way", () => {
  const begin = (o: { count: number; isPrivileged?: boolean }, from: ReturnType<typeof world>) =>
    told(from.sessions, { wanted: wantAll(o.count), isPrivileged: o.isPrivileged ?? false })
      .sessionId;
  const full = (isPrivileged = false) => {
    const made = world({ slotsMax: 2 });
    const ids = [begin({ count: 2, isPrivileged }, made), begin({ count: 4, isPrivileged }, made)];
    return { ...made, ids };
  };
  const isThere = ({ sessions }: ReturnType<typeof world>, sessionId: number, sessionEpoch = 1) =>
    ask(sessions, { sessionId, sessionEpoch }) !== ErrorCode.FETCH_SESSION_ID_NOT_FOUND;

  const young = full();
  assertEquals(begin({ count: 9 }, young), 0, "young ones stay");
  assert(begin({ count: 1, isPrivileged: true }, young) !== 0, "but for a follower");
  assertEquals([isThere(young, firstOf(young.ids)), isThere(young, itemAt(young.ids, 1))], [
    false,
    true,
  ]);

  const settled = full();
  settled.clock.nowMs = 1.5 * minutesMs;
  for (const sessionId of settled.ids) told(settled.sessions, { sessionId, sessionEpoch: 1 });
  settled.clock.nowMs = 2.5 * minutesMs;
  assertEquals(begin({ count: 9 }, settled), 0, "when last used they were young");
  for (const sessionId of settled.ids) told(settled.sessions, { sessionId, sessionEpoch: 2 });
  assertEquals(begin({ count: 2 }, settled), 0, "a larger one is needed");
  assert(begin({ count: 3 }, settled) !== 0);
  assertEquals(isThere(settled, firstOf(settled.ids), 3), false, "the smallest went");
  assertEquals(settled.sessions.evictedCount, 1);

  const unused = full(true);
  unused.clock.nowMs = 2 * minutesMs + 1;
  told(unused.sessions, { sessionId: unused.ids[0], sessionEpoch: 1 });
  assert(begin({ count: 1 }, unused) !== 0, "what nobody uses gives way to any");
  assertEquals([isThere(unused, firstOf(unused.ids), 2), isThere(unused, itemAt(unused.ids, 1))], [
    true,
    false,
  ]);
  assertEquals(begin({ count: 9 }, unused), 0, "a follower's stays for a consumer's");
});

Deno.test("without any slots there are no sessions", () => {
  const { sessions } = world({ slotsMax: 0 });
  assertEquals(told(sessions, { wanted: wantAll(1) }).sessionId, 0);
});

Deno.test("all sessions together are bounded in memory", () => {
  const { sessions } = world({ bytesMax: 100_000, slotsMax: 1000 });
  assertEquals(told(sessions, { wanted: wantAll(1000) }).sessionId, 0, "too large for any");
  const { sessionId } = told(sessions, { wanted: wantAll(10) });
  const names = Array.from({ length: 100 }, (_, i) => ({ ...orders, topic: `${i}`.repeat(300) }));
  const wanted = names.map((of) => want(0, { of }));
  assertEquals(
    ask(sessions, { sessionId, sessionEpoch: 1, wanted }),
    ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    "nor can one grow for ever",
  );
  assertEquals([sessions.count, sessions.bytes, sessions.partitionCount], [0, 0, 0]);
  let made = 0;
  while (told(sessions, { wanted: wantAll(10) }).sessionId !== 0) made++;
  assert(made > 10 && made < 1000 && sessions.bytes <= 100_000, `${made}`);
});

Deno.test("what a reader knows from a session is what full answers say", () => {
  const random = new SeededRandom(7, "steps");
  const upTo = (end: number) => random.uint32() % end;
  for (let round = 0; round < 300; round++) {
    const { sessions } = world({ seed: round + 1 });
    const logs = new Map(wantAll(6).map(({ partition }) => [partition, dataOf(partition)]));
    const find = ({ partition, fetchOffset }: Wanted) => {
      const log = logs.get(partition)!;
      const hasMore = log.errorCode === ErrorCode.NONE && fetchOffset < log.highWatermark;
      return { ...log, records: new Uint8Array(hasMore ? 1 : 0) };
    };
    const view = new Map<number, PartitionData>();
    const sent = new Map<number, Wanted>();
    let [sessionId, sessionEpoch] = [0, 0];
    for (let step = 0; step < 40; step++) {
      const changed = upTo(6);
      const { highWatermark, logStartOffset } = logs.get(changed)!;
      logs.set(
        changed,
        dataOf(changed, {
          highWatermark: highWatermark + upTo(2),
          lastStableOffset: highWatermark - upTo(2),
          logStartOffset: logStartOffset + upTo(2),
          errorCode: upTo(5) === 0 ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE,
        }),
      );
      const wanted = Array.from(
        { length: upTo(3) },
        () => want(upTo(6), { fetchOffset: upTo(10) }),
      );
      const gone = Array.from({ length: upTo(4) === 0 ? 2 : 0 }, () => upTo(6));
      for (const each of wanted) sent.set(each.partition, each);
      const isFull = sessionId === 0;
      if (!isFull) {
        for (const partition of gone) sent.delete(partition) && view.delete(partition);
      }
      const answer = ask(sessions, {
        sessionId,
        sessionEpoch,
        wanted: isFull ? [...sent.values()] : wanted,
        forgotten: forget(...gone),
        find,
      });
      if (typeof answer === "number") throw new Error(`error ${answer}`);
      // One answer in five is not sent, since the reader is over its quota.
      if (upTo(5) === 0) {
        const partitions = answer.wanted;
        sessionId = sessions.withhold({ sessionId: answer.sessionId, partitions });
      } else {
        for (const each of answer.data) view.set(each.partitionIndex, each);
        sessionId = answer.sessionId;
        const bare = ({ records: _, ...rest }: PartitionData) => rest;
        for (const each of sent.values()) {
          assertEquals(bare(view.get(each.partition)!), bare(find(each)), `round ${round}`);
        }
        if (sent.size > 0) {
          const brought = answer.data.filter(({ records }) => records.length > 0);
          const there = [...sent.values()].filter((each) => find(each).records.length > 0);
          assertEquals(brought.length, there.length, "all that is there is brought");
        }
      }
      sessionEpoch = sessionId === 0 ? 0 : sessionEpoch + 1;
      if (sessionId === 0) view.clear();
    }
  }
});
