// One history of the real broker and real clients, as its seed has it: who takes part, what goes
// wrong, which laws hold.
//
//   const { broken, story } = await simulated(42);

import { AssertionError } from "../../src/base/assert.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { allHandlers } from "../../src/broker/mod.ts";
import { type Client, createTopic } from "../../src/client/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { ErrorCode, FindCoordinator, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { LawBroken } from "../walk/walker.ts";
import { type Actor, ask, type Life } from "./actor.ts";
import { AssignedMember } from "./assigned_members.ts";
import { GroupsLaw } from "./groups_law.ts";
import { ClassicMember, CommittedReader } from "./members.ts";
import { type Place, Sender, Transactor } from "./producers.ts";
import { readEnd, unrestOf } from "./reading.ts";
import { RecordsLaw } from "./records_law.ts";
import { ShareLaw } from "./share_law.ts";
import { ShareMember } from "./share_members.ts";
import { SimulatedWorld, type Troubles } from "./simulated_world.ts";
import { TransactionsLaw } from "./transactions_law.ts";

/** What takes part in a history. */
export type Part =
  | "records"
  | "transactions"
  | "classic group"
  | "consumer group"
  | "mixed group"
  | "streams group"
  | "share group";

export const parts: readonly Part[] = [
  "records",
  "transactions",
  "classic group",
  "consumer group",
  "mixed group",
  "streams group",
  "share group",
];

export interface SimulationOptions {
  /** Who takes part; by default as the seed has it. */
  readonly parts?: readonly Part[];
  readonly troubles?: Partial<Troubles>;
}

export interface Simulated {
  /** The law that was broken; undefined: none was. */
  readonly broken: string | undefined;
  /** Who took part. */
  readonly parts: readonly Part[];
  readonly story: () => string[];
  /** The same for the same seed, on every machine and runtime. */
  readonly traceHash: string;
  /** What was done, so that one sees that something was. */
  readonly counts: Readonly<Record<string, number>>;
}

const topics = { letters: 2, debits: 2, credits: 2, work: 3, queue: 2 };
type Topic = keyof typeof topics;
const recordsPerBatch = 8;
/** Of each partition of `work`: nobody is to come to the end of it. */
const workBatches = 30;
const membersOfEach = 3;
/** Groups whose members share the topic `work` out. */
const groups = new Map<Part, string>([
  ["classic group", "workers"],
  ["consumer group", "reviewers"],
  ["mixed group", "movers"],
  ["streams group", "millers"],
]);
type MemberKind = "static" | "classic" | "consumer" | "streams";
const groupResource = 32;
/** Of a record of a share group: as many as may be set. */
const deliveriesMax = 10;
const lockMs = 2_000;

const settings = {
  "offsets.topic.num.partitions": 2,
  "transaction.state.log.num.partitions": 2,
  "auto.create.topics.enable": "false",
  "group.initial.rebalance.delay.ms": 0,
  "group.min.session.timeout.ms": 1_000,
  "group.consumer.min.session.timeout.ms": 1_000,
  "group.consumer.session.timeout.ms": 3_000,
  "group.consumer.min.heartbeat.interval.ms": 100,
  "group.consumer.heartbeat.interval.ms": 500,
  "group.consumer.assignment.interval.ms": 0,
  "group.streams.min.session.timeout.ms": 1_000,
  "group.streams.session.timeout.ms": 3_000,
  "group.streams.min.heartbeat.interval.ms": 100,
  "group.streams.heartbeat.interval.ms": 500,
  "group.streams.assignment.interval.ms": 0,
  "group.streams.initial.rebalance.delay.ms": 500,
  "group.streams.num.standby.replicas": 1,
  "share.coordinator.state.topic.num.partitions": 2,
  "group.share.min.session.timeout.ms": 1_000,
  "group.share.session.timeout.ms": 3_000,
  "group.share.min.heartbeat.interval.ms": 100,
  "group.share.heartbeat.interval.ms": 500,
  "group.share.assignment.interval.ms": 0,
  "group.share.min.record.lock.duration.ms": 1_000,
  "group.share.record.lock.duration.ms": lockMs,
  "group.share.delivery.count.limit": deliveriesMax,
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
  "log.flush.offset.checkpoint.interval.ms": 500,
  "metadata.log.max.record.bytes.between.snapshots": 2_000,
};

/** Runs the history of `seed`. */
export async function simulated(
  seed: number,
  options: SimulationOptions = {},
): Promise<Simulated> {
  const handlers = await allHandlers();
  const random = new SeededRandom(seed, "cast");
  const taking = options.parts ?? castOf(random);
  const troubles: Troubles = {
    powerLoss: random.chance(0.5),
    failingDisk: random.chance(0.3),
    badFates: random.chance(0.2) ? 0 : random.between(5, 60),
    ...options.troubles,
  };
  const history = new History(taking);
  const world = new SimulatedWorld({
    seed,
    apis: new Map(handlers.map(({ api }) => [api.key, api])),
    troubles,
    troubledMs: random.between(8_000, 30_000),
    settings,
    actors: history.actors,
    laws: history.laws,
  });
  let broken: string | undefined;
  try {
    await world.run(history);
  } catch (error) {
    // What the code asserts of itself is a law, too.
    if (!(error instanceof LawBroken || error instanceof AssertionError)) throw error;
    broken = error.message;
  }
  return {
    broken,
    parts: taking,
    story: () => world.story.lines(),
    traceHash: world.traceHash,
    counts: history.counts,
  };
}

function castOf(random: SeededRandom): readonly Part[] {
  const cast = parts.filter(() => random.chance(0.45));
  return cast.length > 0 ? cast : [parts[Math.floor(random.between(0, parts.length))]!];
}

/** Those who take part, and what is judged of them. */
class History {
  readonly actors: Actor[] = [];
  readonly #parts: ReadonlySet<Part>;
  readonly #topicIds = new Map<string, string>();
  readonly #records = new RecordsLaw();
  readonly #groups = new GroupsLaw({ nameOf: (id) => this.#nameOf(id), streamsTopic: "work" });
  readonly #share = new ShareLaw({ topic: "queue", deliveriesMax, lockMs });
  readonly #shareMembers: ShareMember[] = [];
  readonly #transactions = new TransactionsLaw({ group: "ledger", source: "work-0" });

  constructor(taking: readonly Part[]) {
    this.#parts = new Set(taking);
    if (this.#parts.has("records")) this.#addRecords();
    if (this.#parts.has("transactions")) this.#addTransactions();
    if (this.#parts.has("classic group")) {
      this.#addMembers("workers", ["static", "classic", "classic"]);
    }
    if (this.#parts.has("consumer group")) {
      this.#addMembers("reviewers", ["consumer", "consumer", "consumer"]);
    }
    if (this.#parts.has("mixed group")) {
      this.#addMembers("movers", ["classic", "consumer", "static"]);
    }
    if (this.#parts.has("streams group")) {
      this.#addMembers("millers", ["streams", "streams", "streams"]);
    }
    for (const name of this.#parts.has("share group") ? ["picker-a", "picker-b", "picker-c"] : []) {
      this.#shareMembers.push(new ShareMember(name, { groupId: "pickers", topic: "queue" }));
    }
    this.actors.push(...this.#shareMembers);
  }

  get laws() {
    return [this.#records, this.#groups, this.#transactions, this.#share];
  }

  get counts(): Record<string, number> {
    return {
      acknowledged: this.#records.count,
      transactions: this.#transactions.count,
      commits: this.#groups.commits,
      grants: this.#groups.grants,
      shared: this.#share.count,
    };
  }

  readonly begin = async (judge: Life): Promise<void> => {
    const client = await judge.connect();
    for (const [name, partitions] of Object.entries(topics)) {
      const configs = { "internal.segment.bytes": "20000", "index.interval.bytes": "500" };
      const id = await client.retrying(() => createTopic(client, { name, partitions, configs }));
      this.#topicIds.set(name, id);
    }
    for (const keyType of [0, 1]) {
      await ask(client, FindCoordinator, {
        message: { keyType, coordinatorKeys: ["any"] },
        codeOf: ({ coordinators }) => coordinators[0]?.errorCode ?? ErrorCode.NONE,
      });
    }
    const nowMs = judge.runtime.clock.now();
    const isRead = this.#parts.has("classic group") || this.#parts.has("mixed group");
    if (isRead) await fill(client, { topic: "work", batches: workBatches, nowMs });
    if (this.#parts.has("share group")) {
      await fill(client, { topic: "queue", batches: 8, nowMs });
      await shareFromBeginning(client);
    }
    client.close();
  };

  readonly unrest = async (judge: Life): Promise<string | undefined> => {
    const client = await judge.connect();
    const wanted = { members: membersOfEach, partitions: topics.work };
    try {
      for (const [part, group] of groups) {
        const unrest = this.#parts.has(part) && await unrestOf(client, group, wanted);
        if (unrest) return unrest;
      }
      const busy = this.#shareMembers.find(({ isIdle }) => !isIdle);
      return busy && `${busy.name} is given records`;
    } finally {
      client.close();
    }
  };

  readonly end = async (judge: Life): Promise<void> => {
    const client = await judge.connect();
    const places = Object.keys(topics).flatMap((topic) => placesOf(topic as Topic));
    const names = [...groups.values(), "ledger"];
    const end = await readEnd(client, { places, groups: names });
    client.close();
    for (const law of this.laws) law.atEnd(end);
  };

  #addMembers(groupId: string, kinds: readonly MemberKind[]): void {
    const common = { groupId, topic: "work" };
    const topicId = () => this.#topicIds.get("work")!;
    for (const [i, kind] of kinds.entries()) {
      const name = `${groupId.slice(0, -1)}-${"abc"[i]}`;
      this.actors.push(
        kind === "consumer" || kind === "streams"
          ? new AssignedMember(name, {
            ...common,
            speaks: kind,
            topicId,
            recordsMax: workBatches * recordsPerBatch,
          })
          : new ClassicMember(name, { ...common, isStatic: kind === "static" }),
      );
    }
  }

  #addRecords(): void {
    for (const name of ["sender", "writer"]) {
      this.actors.push(new Sender(name, placesOf("letters")));
    }
  }

  #addTransactions(): void {
    const places = [...placesOf("debits"), ...placesOf("credits")];
    let number = 0;
    const numbers = () => number++;
    const common = {
      places,
      numbers,
      group: "ledger",
      source: { topic: "work", partition: 0 },
      topicIdOf: (name: string) => this.#topicIds.get(name)!,
      timeoutMs: 3_000,
    };
    for (const name of ["teller", "cashier"]) {
      this.actors.push(new Transactor(name, { ...common, transactionalId: "transfers" }));
    }
    const onRead = this.#transactions.onRead.bind(this.#transactions);
    this.actors.push(new CommittedReader("auditor", { places, onRead }));
  }

  #nameOf(topicId: string): string {
    for (const [name, id] of this.#topicIds) if (id === topicId) return name;
    return topicId;
  }
}

function placesOf(topic: Topic): Place[] {
  return Array.from({ length: topics[topic] }, (_, partition) => ({ topic, partition }));
}

/** Puts records into all partitions of a topic. */
async function fill(
  client: Client,
  { topic, batches, nowMs }: { topic: Topic; batches: number; nowMs: number },
): Promise<void> {
  for (const { partition } of placesOf(topic)) {
    for (let batch = 0; batch < batches; batch++) {
      const records = buildBatch({
        records: Array.from({ length: recordsPerBatch }, (_, i) => ({
          key: null,
          value: utf8(`${topic}-${partition} ${batch}:${i}`),
          headers: [],
        })),
        timestamp: nowMs,
      });
      await ask(client, Produce, {
        message: {
          transactionalId: null,
          acks: -1,
          timeoutMs: 3_000,
          topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
        },
        codeOf: ({ responses }) => responses[0]?.partitionResponses[0]?.errorCode ?? 0,
      });
    }
  }
}

async function shareFromBeginning(client: Client): Promise<void> {
  await ask(client, IncrementalAlterConfigs, {
    message: {
      resources: [{
        resourceType: groupResource,
        resourceName: "pickers",
        configs: [{ name: "share.auto.offset.reset", configOperation: 0, value: "earliest" }],
      }],
      validateOnly: false,
    },
    codeOf: ({ responses }) => responses[0]?.errorCode ?? 0,
  });
}
