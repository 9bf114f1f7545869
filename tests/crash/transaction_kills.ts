// A real broker process, killed with SIGKILL while a producer ends one transaction after the other,
// each with a record in every partition of two topics: a reader of committed records finds each
// transaction in all of them or in none.
//
//   records ... EndTxn -> answered, or not (kill -9 -> start -> InitProducerId) -> records ...
//
//   answered commit   it is there          answered abort, or never ended   it is not
//   EndTxn whose answer was lost           either, in all partitions alike

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Client, Consumer, createTopic } from "../../src/client/mod.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import { ErrorCode, FindCoordinator, InitProducerId } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, produceTo } from "../harness/raw_requests.ts";

const topics = ["debits", "credits"];
const partitions = 2;
const transactionalId = "transfers";
const readWithinMs = 60_000;

/** What came of it. */
export interface TransactionKills {
  readonly transactions: number;
  /** Those whose EndTxn was not answered, and committed all the same. */
  readonly unansweredCommits: number;
}

type Fate = "committed" | "not committed" | "either";

/** Goes through `kills` kills, and judges what readers of committed records see. */
export async function killTransactions(seed: number, kills: number): Promise<TransactionKills> {
  const random = new SeededRandom(seed, "transactions");
  await using broker = await BrokerProcess.start({
    settings: { "transaction.state.log.num.partitions": "2", "offsets.topic.num.partitions": "1" },
  });
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  for (const name of topics) await createTopic(client, { name, partitions });
  const fates: Fate[] = [];
  for (let life = 0; life <= kills; life++) {
    const isLast = life === kills;
    // The kill comes at any moment of this or of a later transaction.
    const killing = isLast ? undefined : pause(random.between(20, 400)).then(() => broker.kill());
    await transactUntilEnd(broker, { fates, random, count: isLast ? 20 : Infinity });
    await killing;
    if (!isLast) await broker.restart();
  }
  await untilComplete(broker);
  const seen = new Map<string, ReadonlySet<number>>();
  for (const topic of topics) {
    for (let partition = 0; partition < partitions; partition++) {
      const at = { topic, partition };
      seen.set(`${topic}-${partition}`, await readUpTo(client, fates.length - 1, at));
    }
  }
  client.close();
  return judge(fates, seen);
}

/** Each transaction is everywhere or nowhere, and as was promised. */
function judge(
  fates: readonly Fate[],
  seen: ReadonlyMap<string, ReadonlySet<number>>,
): TransactionKills {
  let unansweredCommits = 0;
  for (const [number, fate] of fates.entries()) {
    const where = [...seen].filter(([, numbers]) => numbers.has(number)).map(([name]) => name);
    const isEverywhere = where.length === seen.size;
    assert(isEverywhere || where.length === 0, `transaction ${number} is only in ${where}`);
    if (fate === "either") unansweredCommits += isEverywhere ? 1 : 0;
    else assertEquals(isEverywhere, fate === "committed", `transaction ${number}`);
  }
  return { transactions: fates.length, unansweredCommits };
}

/** Transactions, one after the other, until the broker is gone or `count` are ended. */
async function transactUntilEnd(
  broker: BrokerProcess,
  { fates, random, count }: { fates: Fate[]; random: SeededRandom; count: number },
): Promise<void> {
  try {
    using client = await RawClient.connect(broker);
    let producer = await init(client);
    for (let ended = 0; ended < count; ended++) {
      const number = fates.push("not committed") - 1;
      for (const topic of topics) {
        for (let partition = 0; partition < partitions; partition++) {
          await send(client, { ...producer, topic, partition, number });
        }
      }
      // The last one is what readers wait for.
      const committed = ended === count - 1 || random.chance(0.7);
      if (committed) fates[number] = "either";
      const answer = await client.ask(EndTxn, 5, { transactionalId, ...producer, committed });
      assertEquals(answer.errorCode, ErrorCode.NONE);
      if (committed) fates[number] = "committed";
      const { producerId, producerEpoch } = answer;
      producer = { producerId: Number(producerId), producerEpoch };
    }
  } catch (error) {
    // What a test asserts is its own; everything else is the connection of a killed process.
    if (count !== Infinity || (error instanceof Error && error.name === "AssertionError")) {
      throw error;
    }
  }
}

async function init(client: RawClient): Promise<{ producerId: number; producerEpoch: number }> {
  await client.ask(FindCoordinator, 4, { keyType: 1, coordinatorKeys: [transactionalId] });
  for (;;) {
    const { errorCode, producerId, producerEpoch } = await client.ask(InitProducerId, 4, {
      transactionalId,
      transactionTimeoutMs: 60_000,
    });
    if (errorCode === ErrorCode.NONE) return { producerId: Number(producerId), producerEpoch };
    assertEquals(errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
    await pause(5);
  }
}

async function send(
  client: RawClient,
  o: {
    producerId: number;
    producerEpoch: number;
    topic: string;
    partition: number;
    number: number;
  },
): Promise<void> {
  const { topic, partition, number, ...producer } = o;
  const records = batchOf([String(number)], {
    ...producer,
    baseSequence: 0,
    isTransactional: true,
  });
  for (;;) {
    const request = { topic, partition, records, transactionalId, version: 12 };
    const { errorCode } = await produceTo(client, request);
    if (errorCode === ErrorCode.NONE) return;
    assertEquals(errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
    await pause(5);
  }
}

/** Resolves once the markers of the last transaction are written. */
async function untilComplete(broker: BrokerProcess): Promise<void> {
  using client = await RawClient.connect(broker);
  for (;;) {
    const { transactionStates: [state] } = await client.ask(DescribeTransactions, 0, {
      transactionalIds: [transactionalId],
    });
    if (state.transactionState.startsWith("Complete")) return;
    await pause(5);
  }
}

/** The numbers in a partition that a reader of committed records is given, up to `last`. */
async function readUpTo(
  client: Client,
  last: number,
  at: { topic: string; partition: number },
): Promise<ReadonlySet<number>> {
  await using consumer = new Consumer(client, {
    autoOffsetReset: "earliest",
    readCommitted: true,
  });
  consumer.assign([at]);
  const numbers = new Set<number>();
  const reading = (async () => {
    while (!numbers.has(last)) {
      for (const { value } of await consumer.poll({ recordsMax: 10_000 })) {
        const number = Number(fromUtf8(value ?? new Uint8Array(0)));
        assert(!numbers.has(number), `${number} twice in ${at.topic}-${at.partition}`);
        numbers.add(number);
      }
    }
  })();
  const what = () => `transaction ${last} in ${at.topic}-${at.partition}`;
  await within(reading, { ms: readWithinMs, what });
  return numbers;
}

function pause(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}
