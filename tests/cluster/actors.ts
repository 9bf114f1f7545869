// Who takes part in a history: producers, transactional ones, members of groups, readers and those
// who look at groups' positions, all of our own client. Each notes what it does, and goes on in a
// new life where its client gives up. They know no broker, so that they run on a simulated stage
// and on a real one.
//
// Invariant: whatever fails, an actor's next life takes nothing for granted of the last one.

import { type Client, committedOffsets, Consumer, Producer } from "../../src/client/mod.ts";
import type { Chronicle } from "./chronicle.ts";
import { wordsOf } from "./chronicle.ts";

/** Partitions of one topic. */
export interface Topic {
  readonly name: string;
  /** As many as it has by now. */
  readonly partitions: number;
}

/** What an actor has around it. */
export interface Stage {
  readonly chronicle: Chronicle;
  readonly nowMs: () => number;
  /** A client, whichever broker it finds. */
  connect(): Promise<Client>;
  pass(ms: number): Promise<void>;
  /** Nothing new is to be begun. */
  readonly isOver: boolean;
  /** A number from `low` up to `high`, by the actor's own chance. */
  between(low: number, high: number): number;
  /** How long somebody here waits for what takes others so long. */
  patienceOf(usualMs: number): number;
}

export interface Actor {
  readonly name: string;
  /** One life, until its client gives up or the history is over. */
  live(stage: Stage, who: string): Promise<void>;
}

/** Lives until the history is over. */
export async function act(actor: Actor, stage: Stage): Promise<void> {
  for (let life = 1; !stage.isOver; life++) {
    const who = `${actor.name}.${life}`;
    try {
      await actor.live(stage, who);
    } catch (error) {
      // What no client of a cluster that fails is told, the history is not to get over.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      stage.chronicle.tell(who, `gives up: ${wordsOf(error)}`);
      await stage.pass(stage.between(20, 500));
    }
  }
}

const deliveryTimeoutMs = 15_000;
const sendsMax = 20;

export function placeOf(
  { topic, partition }: { readonly topic: string; readonly partition: number },
) {
  return `${topic}-${partition}`;
}

/** Runs `work` with a client of its own, which is gone afterwards. */
export async function withClient(
  stage: Stage,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await stage.connect();
  try {
    await work(client);
  } finally {
    client.close();
  }
}

/** Sends records to all partitions of a topic, some while others are under way. */
export function sender(
  name: string,
  topic: Topic,
  { paceMs = 60 }: { readonly paceMs?: number } = {},
): Actor {
  let count = 0;
  return {
    name,
    live: (stage, who) =>
      withClient(stage, async (client) => {
        const producer = new Producer(client, {
          deliveryTimeoutMs: stage.patienceOf(deliveryTimeoutMs),
        });
        const underWay = new Set<Promise<void>>();
        let failure: unknown;
        while (!stage.isOver && failure === undefined) {
          const to = { topic: topic.name, partition: count % topic.partitions };
          const value = `${name}:${count++}`;
          const told = stage.chronicle.onSend({ who, place: placeOf(to), value });
          const sending = producer.send({ ...to, value }).then(
            ({ offset }) => told.acknowledged(offset),
            (error) => told.failed(failure = error),
          ).finally(() => underWay.delete(sending));
          underWay.add(sending);
          if (underWay.size >= sendsMax || stage.between(0, 1) < 0.3) await sending;
          else await stage.pass(stage.between(1, paceMs));
        }
        await Promise.all(underWay);
        await producer.close();
        if (failure !== undefined) throw failure;
      }),
  };
}

export interface TransactorOptions {
  readonly topics: readonly Topic[];
  /** Each transaction says in which group how far it has come, in the first topic. */
  readonly group: string;
}

/** Sends records in transactions, most of which it commits. */
export function transactor(name: string, { topics, group }: TransactorOptions): Actor {
  let count = 0;
  const places = topics.flatMap(({ name: topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  );
  const transact = async (stage: Stage, who: string, producer: Producer) => {
    const { chronicle } = stage;
    const number = count++;
    const transaction = `${who}#${number}`;
    const offsets = [{ ...places[0]!, offset: number }];
    const position = stage.between(0, 1) < 0.6
      ? { group, place: placeOf(places[0]!), offset: number }
      : undefined;
    const tx = await producer.begin();
    const end = chronicle.onBegun(transaction, position);
    for (const [i, place] of places.entries()) {
      if (i > 0 && stage.between(0, 1) < 0.3) continue;
      const value = `${transaction}:${i}`;
      const told = chronicle.onSend({ who, place: placeOf(place), value, transaction });
      const sending = tx.send({ ...place, value });
      // What is not waited for the end of the transaction waits for.
      if (stage.between(0, 1) < 0.5) await sending.then(({ offset }) => told.acknowledged(offset));
      else sending.then(({ offset }) => told.acknowledged(offset), told.failed);
    }
    if (position !== undefined) await tx.sendOffsets({ groupId: group, offsets });
    if (stage.between(0, 1) < 0.1) await stage.pass(stage.between(100, 3_000));
    if (stage.between(0, 1) < 0.25) {
      await tx.abort();
      return chronicle.tell(who, `${transaction} is aborted`);
    }
    end.outcome = "unknown";
    await tx.commit();
    end.outcome = "committed";
    chronicle.tell(who, `${transaction} is committed`);
  };
  return {
    name,
    live: (stage, who) =>
      withClient(stage, async (client) => {
        const producer = new Producer(client, {
          transactionalId: name,
          transactionTimeoutMs: stage.patienceOf(8_000),
          deliveryTimeoutMs: stage.patienceOf(deliveryTimeoutMs),
        });
        while (!stage.isOver) {
          await transact(stage, who, producer);
          await stage.pass(stage.between(1, 200));
        }
        await producer.close();
      }),
  };
}

export interface MemberOptions {
  readonly topic: Topic;
  readonly group: string;
  readonly protocol: "classic" | "consumer";
}

/** Reads a topic as a member of a group, and commits now and then. */
export function member(name: string, { topic, group, protocol }: MemberOptions): Actor {
  const commit = async (stage: Stage, who: string, consumer: Consumer) => {
    const { offsets } = consumer.offsetsToCommit();
    if (offsets.length === 0) return;
    const acknowledged = offsets.map(({ offset, ...at }) =>
      stage.chronicle.onCommit({ group, place: placeOf(at), offset: Number(offset) })
    );
    const words = offsets.map((each) => `${placeOf(each)} at ${each.offset}`).join(", ");
    stage.chronicle.tell(who, `commits ${words}`);
    await consumer.commit(offsets);
    for (const tell of acknowledged) tell();
    stage.chronicle.tell(who, `has committed ${words}`);
  };
  return {
    name,
    live: (stage, who) =>
      withClient(stage, async (client) => {
        const moved =
          (how: string) => (partitions: readonly { topic: string; partition: number }[]) =>
            stage.chronicle.onMove(
              who,
              `${how} ${partitions.map(placeOf).join(", ") || "nothing"}`,
            );
        const consumer = new Consumer(client, {
          groupId: group,
          groupProtocol: protocol,
          autoOffsetReset: "earliest",
          autoCommitIntervalMs: 0,
          heartbeatIntervalMs: stage.patienceOf(500),
          sessionTimeoutMs: stage.patienceOf(6_000),
          rebalanceTimeoutMs: stage.patienceOf(10_000),
          onAssigned: moved("gets"),
          onRevoked: moved("gives up"),
          onLost: moved("has lost"),
        });
        consumer.subscribe([topic.name]);
        try {
          while (!stage.isOver) {
            const records = await consumer.poll({ timeoutMs: 500, recordsMax: 20 });
            note(stage, { who, isCommitted: false, group }, records);
            if (stage.between(0, 1) < 0.5) await commit(stage, who, consumer);
            if (stage.between(0, 1) < 0.02) break;
          }
        } finally {
          await consumer.close();
        }
      }),
  };
}

/** Reads all of some topics from their beginning, for itself. */
export function reader(
  name: string,
  { topics, isCommitted }: { readonly topics: readonly Topic[]; readonly isCommitted: boolean },
): Actor {
  return {
    name,
    live: (stage, who) =>
      withClient(stage, async (client) => {
        const consumer = new Consumer(client, {
          autoOffsetReset: "earliest",
          readCommitted: isCommitted,
        });
        consumer.assign(topics.flatMap(({ name: topic, partitions }) =>
          Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
        ));
        try {
          while (!stage.isOver) {
            note(stage, { who, isCommitted }, await consumer.poll({ timeoutMs: 500 }));
            if (stage.between(0, 1) < 0.01) {
              break;
            }
          }
        } finally {
          await consumer.close();
        }
      }),
  };
}

const text = new TextDecoder();

function note(
  stage: Stage,
  by: { readonly who: string; readonly isCommitted: boolean; readonly group?: string },
  records: Awaited<ReturnType<Consumer["poll"]>>,
): void {
  const given = records.map((record) => ({
    place: placeOf(record),
    offset: Number(record.offset),
    value: text.decode(record.value!),
  }));
  stage.chronicle.onPoll(by, given);
}

/** Looks from time to time at how far groups are. */
export function onlooker(name: string, { groups }: { readonly groups: readonly string[] }): Actor {
  return {
    name,
    live: (stage) =>
      withClient(stage, async (client) => {
        while (!stage.isOver) {
          for (const group of groups) {
            const begunMs = stage.nowMs();
            for (
              const { offset, ...at } of await committedOffsets(client, group, {
                partitions: null,
              })
            ) {
              const look = { group, place: placeOf(at), offset: Number(offset), begunMs };
              stage.chronicle.onLook(look);
            }
          }
          await stage.pass(stage.between(100, 1_500));
        }
      }),
  };
}
