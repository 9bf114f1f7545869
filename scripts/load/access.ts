// What checking access costs: small requests to many topics, of a broker with very many access
// rules beside one that has no authorizer, in turn.

import { itemAt } from "../../src/base/items.ts";
import { CreateTopics, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { allow, guardedSettings, logIn, type Rule } from "../../tests/harness/guarded_broker.ts";
import { RawClient } from "../../tests/harness/raw_client.ts";
import { batchOf } from "../../tests/harness/raw_requests.ts";
import { usageOf } from "../bench/program.ts";

export interface AccessOptions {
  readonly topics: number;
  readonly rules: number;
  /** Each of both brokers is asked in so many rounds, by so many connections. */
  readonly rounds: number;
  readonly connections: number;
  readonly seconds: number;
}

interface Side {
  readonly name: string;
  readonly broker: BrokerProcess;
  readonly clients: readonly RawClient[];
  count: number;
  cpuSeconds: number;
  tookMs: number;
}

/** Prints both rates, side by side. */
export async function measureAccess(options: AccessOptions): Promise<void> {
  const { "authorizer.class.name": _, ...open } = guardedSettings;
  await using without = await BrokerProcess.start({ settings: open });
  await using guarded = await BrokerProcess.start({ settings: guardedSettings });
  const topics = Array.from({ length: options.topics }, (_, i) => `topic-${i}`);
  const sides = [
    await sideOf({ name: "no authorizer", broker: without }, topics, options),
    await sideOf({ name: `${options.rules} rules`, broker: guarded }, topics, options),
  ];
  using admin = await RawClient.connect(guarded);
  await logIn(admin, "admin");
  await makeRules(admin, topics, options.rules);
  const batch = batchOf(["x".repeat(100)]);
  for (const side of sides) await ask(side, { topics, batch, seconds: 2 });
  for (const side of sides) Object.assign(side, { count: 0, cpuSeconds: 0, tookMs: 0 });
  for (let round = 0; round < options.rounds; round++) {
    const inTurn = round % 2 === 0 ? sides : sides.toReversed();
    for (const side of inTurn) await ask(side, { topics, batch, seconds: options.seconds });
  }
  const rates = sides.map(({ count, tookMs }) => count / (tookMs / 1000));
  const costs = sides.map(({ count, cpuSeconds }) => cpuSeconds / count * 1e6);
  for (const [i, { name }] of sides.entries()) {
    const rate = itemAt(rates, i).toFixed(0);
    console.log(`${name}: ${rate} requests/s, ${itemAt(costs, i).toFixed(1)} us of CPU each`);
  }
  const ratio = itemAt(rates, 1) / itemAt(rates, 0);
  const cpuRatio = itemAt(costs, 0) / itemAt(costs, 1);
  console.log(`with rules ${ratio.toFixed(3)} of the rate, ${cpuRatio.toFixed(3)} by CPU`);
  for (const { clients } of sides) for (const client of clients) client[Symbol.dispose]();
}

async function sideOf(
  { name, broker }: Pick<Side, "name" | "broker">,
  topics: readonly string[],
  { connections }: AccessOptions,
): Promise<Side> {
  using admin = await RawClient.connect(broker);
  await logIn(admin, "admin");
  for (let at = 0; at < topics.length; at += 100) {
    await admin.ask(CreateTopics, 5, {
      topics: topics.slice(at, at + 100).map((topic) => ({
        name: topic,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 60_000,
    });
  }
  const clients: RawClient[] = [];
  for (let i = 0; i < connections; i++) {
    const client = await RawClient.connect(broker);
    await logIn(client, "alice");
    clients.push(client);
  }
  return { name, broker, clients, count: 0, cpuSeconds: 0, tookMs: 0 };
}

/** What lets alice write to all topics, among rules for others, for prefixes, and that deny. */
async function makeRules(admin: RawClient, topics: readonly string[], count: number) {
  const rules: Rule[] = topics.map((resourceName) => {
    return { resourceType: 2, resourceName, operation: 4 };
  });
  for (let i = 0; rules.length < count; i++) {
    rules.push({
      resourceType: 2,
      resourceName: `topic-${i % topics.length}`.slice(0, 4 + i % 6),
      resourcePatternType: i % 3 === 0 ? 4 : 3,
      principal: `User:user-${i}`,
      host: i % 5 === 0 ? `10.0.${i % 200}.1` : "*",
      operation: 3 + i % 8,
      permissionType: i % 7 === 0 ? 2 : 3,
    });
  }
  for (let at = 0; at < rules.length; at += 1000) await allow(admin, ...rules.slice(at, at + 1000));
}

async function ask(
  side: Side,
  { topics, batch, seconds }: {
    readonly topics: readonly string[];
    readonly batch: Uint8Array;
    readonly seconds: number;
  },
): Promise<void> {
  const before = usageOf(side.broker.pid);
  const startMs = performance.now();
  const untilMs = startMs + seconds * 1000;
  await Promise.all(side.clients.map(async (client, i) => {
    for (let n = i; performance.now() < untilMs; n += side.clients.length) {
      const { responses } = await client.ask(Produce, 9, {
        transactionalId: null,
        acks: 1,
        timeoutMs: 5000,
        topicData: [{
          name: itemAt(topics, n % topics.length),
          partitionData: [{ index: 0, records: batch }],
        }],
      });
      const { errorCode } = itemAt(itemAt(responses, 0).partitionResponses, 0);
      if (errorCode !== 0) throw new Error(`a batch is refused: ${errorCode}`);
      side.count++;
    }
  }));
  side.tookMs += performance.now() - startMs;
  side.cpuSeconds += usageOf(side.broker.pid).cpuSeconds - before.cpuSeconds;
}
