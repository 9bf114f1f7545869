// Kafka's own share consumers (java/ShareConsumers.java): what each kind of acknowledgement does,
// and twenty of them over one partition, some of which are killed, as is the broker.
//
// OTTLA_SHARE_RECORDS=100000 gives the twenty more to do.

import { assert, assertEquals } from "@std/assert";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  ReadShareGroupStateSummary,
} from "../../src/protocol/apis/87_read_share_group_state_summary.ts";
import { CreateTopics } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { ShareLedger } from "../harness/share_ledger.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/ShareConsumers.java", import.meta.url).pathname;
const jvm = ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

const settings = {
  "share.coordinator.state.topic.num.partitions": "3",
  "group.share.min.record.lock.duration.ms": "1000",
};

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's share consumers: ${skipped}`);
const ignore = skipped !== undefined || targetFromEnvironment() === "kafka";

async function javaArguments(): Promise<string[]> {
  return [...jvm, `-Dlog4j2.configurationFile=${log4j}`, "-cp", `${await fetchJars()}*`, program];
}

Deno.test({
  name: "Kafka's share consumers get what each acknowledgement says",
  ignore,
  fn: async () => {
    await using broker = await BrokerProcess.start({ settings });
    const args = [...await javaArguments(), broker.bootstrap, "scenes"];
    const { stdout } = await run({ command: "java", args, withinMs: 240_000 });
    assertEquals(stdout.trimEnd().split("\n"), [
      "implicit: [a x1, b x1, c x1]",
      "implicit, then: [d x1]",
      "explicit: [accepted x1, released x1, rejected x1, released x2, released x3]",
      "explicit, then: []",
      "renewed: [kept x1], elsewhere: [], accepted: true",
      "lost: [lost x1], then: [lost x2]",
      "committed: [record 0 x1, record 2 x1], accepted: true",
      "uncommitted: [record 0 x1, record 1 x1, record 2 x1, record 3 x1], accepted: true",
    ]);
  },
});

const total = Number(Deno.env.get("OTTLA_SHARE_RECORDS") ?? 20_000);
const [programs, consumersEach] = [4, 5];
const deliveryCountMax = 10;
/** Of the records that the group is done with: when somebody is killed. */
const killAt = { program: [0.15, 0.4, 0.65, 0.85], broker: [0.3, 0.6] };
/** Of the records: how many there are beyond the next kill. Whoever is fast waits for it. */
const ahead = 0.1;

Deno.test({
  name: "twenty of Kafka's share consumers lose none of many records, whoever is killed",
  ignore,
  fn: async () => {
    await using broker = await BrokerProcess.start({ settings });
    const crowdTopic = await prepare(broker);
    const crowd = new Crowd(broker, await javaArguments());
    const startedMs = performance.now();
    try {
      crowd.fill();
      await drained(broker, { ...crowdTopic, crowd });
    } finally {
      await crowd.close();
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const { redelivered, ...fates } = crowd.ledger.settle(total);
    console.log(
      `${total} records in ${Math.round(seconds)} s with ${programs * consumersEach} consumers: ` +
        `${JSON.stringify(fates)}, ${redelivered} redeliveries, ${crowd.kills} programs and ` +
        `${crowd.brokerKills} brokers killed, ${crowd.ledger.failures.length} commits failed`,
    );
    assertEquals(crowd.kills, killAt.program.length);
    assertEquals(crowd.brokerKills, killAt.broker.length);
    assert(fates.accepted > total * 0.8, `${fates.accepted} are accepted`);
  },
});

/** A topic, and a group that begins with its first record. */
async function prepare(broker: BrokerProcess): Promise<{ readonly topicId: string }> {
  using client = await RawClient.connect(broker);
  const { topics: [topic] } = await client.ask(CreateTopics, 7, {
    topics: [{
      name: "crowd",
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }],
    validateOnly: false,
  });
  const configs = Object.entries({
    "share.auto.offset.reset": "earliest",
    "share.delivery.count.limit": String(deliveryCountMax),
    "share.record.lock.duration.ms": "10000",
  }).map(([name, value]) => ({ name, configOperation: 0, value }));
  const resources = [{ resourceType: 32, resourceName: "crowd", configs }];
  const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
    resources,
    validateOnly: false,
  });
  assertEquals(responses[0]?.errorCode, ErrorCode.NONE);
  return { topicId: topic?.topicId ?? "" };
}

/** Sends records from `sent` until there are `until`; returns how many there are. */
async function send(
  client: RawClient,
  { sent, until }: { readonly sent: number; readonly until: number },
): Promise<number> {
  while (sent < until) {
    const count = Math.min(1 + sent % 37, until - sent);
    const first = sent;
    const records = batchOf(Array.from({ length: count }, (_, i) => `record ${first + i}`));
    const { responses: [topic] } = await client.ask(
      Produce,
      9,
      produceRequest({ topic: "crowd", records, acks: 1 }),
    );
    assertEquals(topic?.partitionResponses[0]?.errorCode, ErrorCode.NONE);
    sent += count;
  }
  return sent;
}

/** Programs of share consumers, some of which are killed on the way. */
class Crowd {
  readonly ledger = new ShareLedger(deliveryCountMax);
  kills = 0;
  brokerKills = 0;
  readonly #broker: BrokerProcess;
  readonly #args: readonly string[];
  readonly #programs: ProcessLines[] = [];
  #seed = 0;
  #failure: unknown;

  constructor(broker: BrokerProcess, args: readonly string[]) {
    this.#broker = broker;
    this.#args = args;
  }

  /** Throws what a line has broken. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  fill(): void {
    while (this.#programs.length < programs) this.#start();
  }

  /** How many records there may be before the next kill. */
  get room(): number {
    const next = [killAt.program[this.kills], killAt.broker[this.brokerKills]];
    return Math.round(total * Math.min(1, ...next.map((share) => (share ?? 1) + ahead)));
  }

  /** Kills whoever is due, now that the group is done with `share` of the records. */
  async disturb(share: number): Promise<void> {
    if (share >= (killAt.program[this.kills] ?? 2)) {
      this.kills++;
      await this.#programs.shift()?.kill();
      this.#start();
    }
    if (share >= (killAt.broker[this.brokerKills] ?? 2)) {
      this.brokerKills++;
      this.ledger.onBrokerKilled();
      await this.#broker.kill();
      await this.#broker.restart();
    }
  }

  async close(): Promise<void> {
    for (const each of this.#programs) each.endInput();
    for (const each of this.#programs) {
      const what = () => `the end of a program\n${each.output}`;
      await within(each.finished, { ms: 60_000, what }).catch(() => each.kill());
    }
  }

  #start(): void {
    const words = [this.#broker.bootstrap, "crowd", "crowd", String(consumersEach)];
    this.#programs.push(
      new ProcessLines({
        command: "java",
        args: [...this.#args, ...words, String(++this.#seed)],
        interactive: true,
        onLine: (line, source) => {
          if (source === "stderr") return;
          try {
            this.ledger.onLine(line);
          } catch (error) {
            this.#failure ??= error;
          }
        },
      }),
    );
  }
}

/** Resolves once the group is done with every record. */
async function drained(
  broker: BrokerProcess,
  { topicId, crowd }: { readonly topicId: string; readonly crowd: Crowd },
): Promise<void> {
  const endMs = performance.now() + 900_000;
  for (let sent = 0;;) {
    await new Promise((go) => setTimeout(go, 100));
    crowd.check();
    using client = await RawClient.connect(broker);
    sent = await send(client, { sent, until: crowd.room });
    const partitions = [{ partition: 0, leaderEpoch: -1 }];
    const topics = [{ topicId, partitions }];
    const { results } = await client.ask(ReadShareGroupStateSummary, 1, {
      groupId: "crowd",
      topics,
    });
    const startOffset = Number(results[0]?.partitions[0]?.startOffset);
    if (startOffset === total) return;
    assert(performance.now() < endMs, `${startOffset} of ${total} is stuck`);
    await crowd.disturb(startOffset / total);
  }
}
