// Members of a group that read, commit and change places as fast as they can, whatever becomes of
// the broker meanwhile; and what must hold of where they go on.
//
//   join ──> position = what is committed ──> read ──> commit ──> read ... ──> leave, join anew
//
//   nothing is skipped        a member goes on within what the group has read, and reads on from
//                             there offset by offset
//   positions do not go back  a member goes on at the last commit that was answered, or at a later
//                             one whose answer was lost
//
// Both are checked at each step. Who loses its connection comes back over another one as the member
// that it was.

import { assert, assertEquals } from "@std/assert";
import { safeInt64 } from "../../src/base/int64.ts";
import { itemAt, missing } from "../../src/base/items.ts";
import {
  CreateTopics,
  ErrorCode,
  Fetch,
  OffsetCommit,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import type { BrokerProcess } from "./broker_process.ts";
import { within } from "./deadline.ts";
import { type Protocol, type Talk, talkOf } from "./group_member.ts";
import { isConnectionLost, RawClient } from "./raw_client.ts";
import { batchOf, produceTo, recordsOf } from "./raw_requests.ts";

const topic = "ledger";
const group = "committing";
const partitionCount = 4;
const recordsPerBatch = 20;
/** So often a member commits before it leaves, and joins anew. */
const commitsPerStay = 10;

/** What is known of one partition. All are offsets: everything below was ... */
interface Account {
  /** ... sent, and answered. */
  sent: number;
  /** ... read by the group. */
  read: number;
  /** ... committed, or perhaps. */
  tried: number;
  /** ... committed for sure. */
  committed: number;
}

/** What came of it. */
export interface Tally {
  readonly accounts: readonly Account[];
  readonly restarts: number;
  readonly commits: number;
  /** Partitions that a member went on with. */
  readonly resumed: number;
  /** Records that were read once more. */
  readonly readAgain: number;
}

class Ledger implements Tally {
  readonly accounts: readonly Account[] = Array.from(
    { length: partitionCount },
    () => ({ sent: 0, read: 0, tried: 0, committed: 0 }),
  );
  restarts = 0;
  commits = 0;
  resumed = 0;
  readAgain = 0;

  of(partition: number): Account {
    const account = itemAt(this.accounts, partition);
    assert(account !== undefined, `nobody has partition ${partition}`);
    return account;
  }

  /** A member goes on at `offset`; when it asked, `committed` was. */
  onResumed(partition: number, { offset, committed }: { offset: number; committed: number }): void {
    const { tried } = this.of(partition);
    const where = `partition ${partition} goes on at ${offset}`;
    assert(offset >= committed, `${where}, behind its last commit ${committed}`);
    assert(offset <= tried, `${where}, where nobody has committed anything past ${tried}`);
    this.resumed++;
  }

  /** A member has read these, at `position`. Returns where it reads next. */
  onRead(partition: number, position: number, offsets: readonly number[]): number {
    const account = this.of(partition);
    assertEquals(offsets, offsets.map((_, i) => position + i), "records follow each other");
    const next = position + offsets.length;
    this.readAgain += Math.max(0, Math.min(account.read, next) - position);
    account.read = Math.max(account.read, next);
    return next;
  }

  get isAllRead(): boolean {
    return this.accounts.every(({ sent, read }) => read >= sent);
  }
}

/** Whoever comes back over another connection when it has lost the last one. */
async function persist(
  broker: BrokerProcess,
  { isOver, turn }: { isOver: () => boolean; turn: (client: RawClient) => Promise<void> },
): Promise<void> {
  while (!isOver()) {
    try {
      using client = await RawClient.connect(broker);
      while (!isOver()) await turn(client);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      await pass(20);
    }
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}

class CommittingMember {
  readonly #ledger: Ledger;
  readonly #talk: Talk;
  readonly #positions = new Map<number, number>();
  #client!: RawClient;
  #commits = 0;

  constructor(ledger: Ledger, protocol: Protocol) {
    this.#ledger = ledger;
    const options = { protocol, group, topic, partitionCount, heartbeatMs: 0 };
    this.#talk = talkOf(() => this.#client, options);
  }

  async turn(client: RawClient): Promise<void> {
    this.#client = client;
    if (await this.#talk.step()) return await pass(1);
    const { held } = this.#talk;
    for (const partition of this.#positions.keys()) {
      if (!held.has(partition)) this.#positions.delete(partition);
    }
    const fresh = [...held].filter((partition) => !this.#positions.has(partition));
    if (fresh.length > 0 && !await this.#resume(fresh)) return await pass(5);
    if (this.#positions.size === 0 || !await this.#read()) return await pass(2);
    if (!await this.#commit() || ++this.#commits % commitsPerStay > 0) return;
    this.#positions.clear();
    await this.#talk.leave();
  }

  /** False where the coordinator cannot say yet. */
  async #resume(partitions: readonly number[]): Promise<boolean> {
    const committed = partitions.map((partition) => this.#ledger.of(partition).committed);
    const { groups } = await this.#client.ask(OffsetFetch, 8, {
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [...partitions] }] }],
      requireStable: true,
    });
    const [answer = missing()] = groups;
    assert(answer !== undefined);
    if (answer.errorCode !== ErrorCode.NONE) return this.#isTold(answer.errorCode);
    for (
      const { partitionIndex, committedOffset, errorCode } of answer.topics[0]?.partitions ?? []
    ) {
      if (errorCode !== ErrorCode.NONE) return this.#isTold(errorCode);
      const offset = Math.max(0, safeInt64(committedOffset));
      const before = committed[partitions.indexOf(partitionIndex)] ?? 0;
      this.#ledger.onResumed(partitionIndex, { offset, committed: before });
      this.#positions.set(partitionIndex, offset);
    }
    return true;
  }

  /** Whether there was anything. */
  async #read(): Promise<boolean> {
    const { responses } = await this.#client.ask(Fetch, 12, {
      maxWaitMs: 20,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      topics: [{
        topic,
        partitions: [...this.#positions].map(([partition, fetchOffset]) => ({
          partition,
          fetchOffset,
          partitionMaxBytes: 4096,
        })),
      }],
      forgottenTopicsData: [],
    });
    let count = 0;
    for (const { partitionIndex, errorCode, records } of responses[0]?.partitions ?? []) {
      const position = this.#positions.get(partitionIndex);
      if (position === undefined) throw new Error(`partition ${partitionIndex} was not asked for`);
      // Of a broker that has just come back: nothing else is wrong with a partition.
      if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) continue;
      assertEquals(errorCode, ErrorCode.NONE);
      const offsets = recordsOf({ records }).map(([offset]) => offset)
        .filter((offset) => offset >= position);
      this.#positions.set(
        partitionIndex,
        this.#ledger.onRead(partitionIndex, position, offsets),
      );
      count += offsets.length;
    }
    return count > 0;
  }

  /** Whether the commit counts. */
  async #commit(): Promise<boolean> {
    const positions = [...this.#positions];
    for (const [partition, offset] of positions) {
      const account = this.#ledger.of(partition);
      account.tried = Math.max(account.tried, offset);
    }
    const { topics } = await this.#client.ask(OffsetCommit, 9, {
      groupId: group,
      generationIdOrMemberEpoch: this.#talk.epoch,
      memberId: this.#talk.memberId,
      topics: [{
        name: topic,
        partitions: positions.map(([partitionIndex, committedOffset]) => ({
          partitionIndex,
          committedOffset,
          committedMetadata: "",
        })),
      }],
    });
    for (const { partitionIndex, errorCode } of topics[0]?.partitions ?? []) {
      if (errorCode !== ErrorCode.NONE) return this.#isTold(errorCode);
      const account = this.#ledger.of(partitionIndex);
      account.committed = Math.max(account.committed, this.#positions.get(partitionIndex) ?? 0);
    }
    this.#ledger.commits++;
    return true;
  }

  #isTold(errorCode: ErrorCode): false {
    this.#talk.onError(errorCode);
    // It joins again, or asks again: either way from what is committed then.
    this.#positions.clear();
    return false;
  }
}

async function createTopic(broker: BrokerProcess): Promise<void> {
  using client = await RawClient.connect(broker);
  const topics = [{
    name: topic,
    numPartitions: partitionCount,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }];
  await client.ask(CreateTopics, 5, { topics, timeoutMs: 30_000 });
  await client.findCoordinator(group);
}

/** Sends to each partition in turn, a batch at a time. */
function sender(ledger: Ledger): (client: RawClient) => Promise<void> {
  const records = batchOf(Array.from({ length: recordsPerBatch }, (_, i) => `${i}`));
  let turns = 0;
  return async (client) => {
    const partition = turns++ % partitionCount;
    const answer = await produceTo(client, { topic, partition, records: records.slice() });
    if (answer.errorCode !== ErrorCode.NONE) return await pass(5);
    ledger.of(partition).sent = safeInt64(answer.baseOffset) + recordsPerBatch;
    await pass(2);
  };
}

/** Two members and a sender, through a restart or kill of the broker after the other. */
export async function readThroughRestarts(
  broker: BrokerProcess,
  { protocol, seconds, restartsMin }: {
    readonly protocol: Protocol;
    readonly seconds: number;
    readonly restartsMin: number;
  },
): Promise<Tally> {
  await createTopic(broker);
  const ledger = new Ledger();
  const endMs = performance.now() + seconds * 1_000;
  let isSent = false;
  let isRead = false;
  const send = sender(ledger);
  const sending = persist(broker, { isOver: () => isSent, turn: send });
  const reading = Promise.all([1, 2].map(() => {
    const member = new CommittingMember(ledger, protocol);
    return persist(broker, { isOver: () => isRead, turn: (client) => member.turn(client) });
  }));
  const isBusy = (since: Pick<Tally, "commits" | "resumed">) =>
    ledger.commits >= since.commits + 4 * commitsPerStay &&
    ledger.resumed >= since.resumed + partitionCount;
  const working = (async () => {
    while (performance.now() < endMs || ledger.restarts < restartsMin) {
      const since = { commits: ledger.commits, resumed: ledger.resumed };
      await until(() => isBusy(since), () => `members get on after ${ledger.restarts} restarts`);
      if (ledger.restarts % 2 === 0) await broker.kill();
      else await broker.stop();
      await broker.restart();
      ledger.restarts++;
    }
    isSent = true;
    await sending;
    await until(() => ledger.isAllRead, () => "all that was sent is read");
    isRead = true;
    await reading;
  })();
  try {
    await Promise.all([working, sending, reading]);
  } finally {
    isSent = isRead = true;
  }
  return ledger;
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  let isOver = false;
  const held = (async () => {
    while (!isOver && !holds()) await pass(10);
  })();
  try {
    await within(held, { ms: 120_000, what });
  } finally {
    isOver = true;
  }
}
