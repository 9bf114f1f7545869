// Members of groups by our own consumer, of either protocol, against the real broker in simulated
// time: who has which partitions, what he is told of them, what was committed before they moved.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  type Client,
  Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
  createPartitions,
  createTopic,
  describeGroup,
  Producer,
} from "../../src/client/mod.ts";
import { DescribeGroups } from "../../src/protocol/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

interface Scene extends ClusterScene {
  readonly kafka: Client;
}

function world(scenario: (scene: Scene) => Promise<void>): Promise<void> {
  const settings = { "group.consumer.heartbeat.interval.ms": 500 };
  return simulatedCluster({ brokers: 1, settings }, async (scene) => {
    const kafka = await scene.client();
    await createTopic(kafka, { name: "orders", partitions: 4 });
    const producer = new Producer(kafka);
    await producer.send([0, 1, 2, 3].map((partition) => ({
      topic: "orders",
      partition,
      value: `${partition}`,
    })));
    await producer.close();
    await scenario({ ...scene, kafka });
  });
}

/** A member that reads on its own, and what it was told. */
class Member {
  readonly told: string[] = [];
  readonly consumer: Consumer;
  readonly values: string[] = [];
  readonly done: Promise<void>;

  constructor(client: Client, options: ConsumerOptions, topics: string[] | RegExp = ["orders"]) {
    const tell = (what: string) => (partitions: readonly { partition: number }[]) =>
      void this.told.push(`${what} ${partitions.map(({ partition }) => partition).sort()}`);
    this.consumer = new Consumer(client, {
      groupId: "billing",
      autoOffsetReset: "earliest",
      heartbeatIntervalMs: 100,
      onAssigned: tell("+"),
      onRevoked: tell("-"),
      onLost: tell("lost"),
      ...options,
    });
    this.consumer.subscribe(topics);
    this.done = this.#read();
  }

  async #read(): Promise<void> {
    for await (const { value } of this.consumer) this.values.push(fromUtf8(value!));
  }

  get partitions(): string {
    return this.consumer.assignment.map(({ partition }) => partition).sort().join();
  }

  async close(): Promise<void> {
    await this.consumer.close();
    await this.done;
  }
}

Deno.test("members of an eager group give all up, and share it out again", () =>
  world(async ({ kafka, pass }) => {
    const first = new Member(kafka, {});
    await pass(1000);
    assertEquals(first.told, ["+ 0,1,2,3"]);
    const second = new Member(kafka, {});
    await pass(1000);
    assertEquals(first.told, ["+ 0,1,2,3", "- 0,1,2,3", first.told[2]]);
    assertEquals([first.partitions, second.partitions].sort(), ["0,1", "2,3"]);
    await first.close();
    await pass(1000);
    assertEquals(second.partitions, "0,1,2,3");
    await second.close();
    assertEquals([...first.values, ...second.values].sort(), ["0", "1", "2", "3"], "none twice");
  }));

Deno.test("members of a cooperative group keep what they need not give up", () =>
  world(async ({ kafka, pass }) => {
    const assignors = ["cooperative-sticky"] as const;
    const first = new Member(kafka, { assignors });
    await pass(1000);
    assertEquals(first.told, ["+ 0,1,2,3"]);
    const second = new Member(kafka, { assignors });
    await pass(1000);
    const [, revoked, ...rest] = first.told;
    const moved = second.partitions;
    assertEquals([moved.length, `- ${moved}`], [3, revoked]);
    assert(rest.every((each) => each === "+ "), "no partition came or went besides");
    assertEquals(second.told.filter((each) => each !== "+ "), [`+ ${moved}`]);
    await second.close();
    await pass(1000);
    assertEquals(first.partitions, "0,1,2,3");
    await first.close();
    assertEquals([...first.values, ...second.values].sort(), ["0", "1", "2", "3"], "none twice");
  }));

Deno.test("a group of the consumer protocol is shared out by the broker", () =>
  world(async ({ kafka, pass }) => {
    const groupProtocol = "consumer";
    const first = new Member(kafka, { groupProtocol });
    await pass(3000);
    assertEquals(first.partitions, "0,1,2,3");
    const second = new Member(kafka, { groupProtocol });
    await pass(5000);
    assertEquals([first.partitions, second.partitions].map(({ length }) => length), [3, 3]);
    assertEquals(first.told.find((each) => each.startsWith("-")), `- ${second.partitions}`);
    const group = await describeGroup(kafka, "billing");
    assertEquals([group.type, group.members.length], ["consumer", 2]);
    await first.close();
    await pass(3000);
    assertEquals(second.partitions, "0,1,2,3");
    await createPartitions(kafka, { topic: "orders", count: 6 });
    await pass(20_000);
    assertEquals(second.partitions, "0,1,2,3,4,5");
    await second.close();
    assertEquals([...first.values, ...second.values].sort(), ["0", "1", "2", "3"], "none twice");
    assertEquals((await describeGroup(kafka, "billing")).members, []);
  }));

Deno.test("a group that changes its protocol while it is asked about is found all the same", () =>
  world(async ({ kafka, pass }) => {
    const before = new Member(kafka, { groupProtocol: "consumer" });
    await pass(3000);
    await before.close();
    let after: Member | undefined;
    const request = kafka.request.bind(kafka);
    kafka.request = async (api, ...asked) => {
      const answer = await request(api, ...asked);
      if (api.key === DescribeGroups.key && after === undefined) {
        after = new Member(kafka, { groupProtocol: "classic" });
        await pass(3000);
      }
      return answer;
    };
    const group = await describeGroup(kafka, "billing");
    assertEquals([group.type, group.members.length], ["classic", 1]);
    await after?.close();
  }));

for (const groupProtocol of ["classic", "consumer"] as const) {
  Deno.test(`a ${groupProtocol} group reads all topics whose names match`, () =>
    world(async ({ kafka, pass }) => {
      await createTopic(kafka, { name: "orders-eu", partitions: 1 });
      await createTopic(kafka, { name: "reorders", partitions: 1 });
      const member = new Member(kafka, { groupProtocol }, /orders(-.*)?/);
      await pass(3000);
      const topics = () => new Set(member.consumer.assignment.map(({ topic }) => topic));
      assertEquals([...topics()].sort(), ["orders", "orders-eu"]);
      await createTopic(kafka, { name: "orders-us", partitions: 1 });
      await pass(400_000);
      assertEquals([...topics()].sort(), ["orders", "orders-eu", "orders-us"]);
      await member.close();
    }));

  Deno.test(`a member of a ${groupProtocol} group that stays away loses its partitions`, () =>
    world(async ({ kafka, pass }) => {
      const told: string[] = [];
      const consumer = new Consumer(kafka, {
        groupId: "billing",
        groupProtocol,
        autoOffsetReset: "earliest",
        heartbeatIntervalMs: 100,
        rebalanceTimeoutMs: 2000,
        onAssigned: (partitions) => void told.push(`+ ${partitions.length}`),
        onRevoked: () => void told.push("revoked"),
        onLost: (partitions) => void told.push(`lost ${partitions.length}`),
      });
      consumer.subscribe(["orders"]);
      const read = async (count: number) => {
        const records: ConsumerRecord[] = [];
        while (records.length < count) records.push(...await consumer.poll());
        return records.length;
      };
      await read(4);
      await pass(10_000);
      assertEquals((await describeGroup(kafka, "billing")).members, []);
      assertEquals(await read(4), 4, "they are read again: nobody has committed them");
      assertEquals(told.filter((each) => each !== "+ 0"), ["+ 4", "lost 4", "+ 4"]);
      await consumer.close();
    }));

  Deno.test(`a static member of a ${groupProtocol} group comes back to its partitions`, () =>
    world(async ({ kafka, pass }) => {
      const first = new Member(kafka, { groupProtocol, groupInstanceId: "one" });
      const other = new Member(kafka, { groupProtocol, groupInstanceId: "two" });
      await pass(5000);
      const before = [first.partitions, other.partitions];
      assertEquals(before.map(({ length }) => length), [3, 3]);
      await first.close();
      const told = other.told.length;
      const again = new Member(kafka, { groupProtocol, groupInstanceId: "one" });
      await pass(5000);
      assertEquals([again.partitions, other.partitions], before);
      assertEquals(other.told.length, told, "the other one was not disturbed");
      await again.close();
      await other.close();
    }));
}

Deno.test("at most once, what is handed out is committed before", () =>
  world(async ({ kafka, pass }) => {
    const options: ConsumerOptions = {
      groupId: "billing",
      autoOffsetReset: "earliest",
      delivery: "at-most-once",
    };
    const crashed = new Consumer(kafka, options);
    crashed.subscribe(["orders"]);
    const seen: string[] = [];
    for await (const { value } of crashed) {
      seen.push(fromUtf8(value!));
      break;
    }
    // It is not heard of again, and has committed what it was about to work on.
    const next = new Consumer(kafka, options);
    next.subscribe(["orders"]);
    const read = async (count: number) => {
      while (seen.length < count) {
        for (const { value } of await next.poll()) seen.push(fromUtf8(value!));
      }
    };
    const stop = crashed.close();
    await read(4);
    await stop;
    await pass(2000);
    assertEquals(await next.poll(), []);
    assertEquals(seen.sort(), ["0", "1", "2", "3"], "each once, that of the crash among them");
    await next.close();
  }));

Deno.test("batches are of one partition; paused partitions wait, filtered records pass by", () =>
  world(async ({ kafka }) => {
    const producer = new Producer(kafka);
    const kinds = ["paid", "open", "paid"];
    for (const partition of [0, 1, 2, 3]) {
      await producer.send(
        kinds.map((kind, i) => ({
          topic: "orders",
          partition,
          value: `${partition} ${i}`,
          headers: { kind },
        })),
      );
    }
    await producer.close();
    const isPaid = ({ headers }: ConsumerRecord) =>
      headers.some(({ key, value }) => key === "kind" && fromUtf8(value!) === "paid");
    const consumer = new Consumer(kafka, { filter: isPaid, autoOffsetReset: "earliest" });
    consumer.assign([0, 1, 2, 3].map((partition) => ({ topic: "orders", partition })));
    consumer.pause([{ topic: "orders", partition: 2 }]);
    const seen = new Map<number, string[]>();
    const end = new AbortController();
    for await (const { partition, records } of consumer.batches({ signal: end.signal })) {
      assert(records.every((record) => record.partition === partition));
      const values = records.map(({ value }) => fromUtf8(value!));
      seen.set(partition, [...seen.get(partition) ?? [], ...values]);
      if (seen.size === 3 && consumer.paused.length === 1) consumer.resume();
      if (seen.size === 4) end.abort();
    }
    assertEquals([...seen.keys()].indexOf(2), 3, "the paused one came last");
    for (const [partition, values] of seen) {
      assertEquals(values, [`${partition} 0`, `${partition} 2`]);
      assertEquals(consumer.position({ topic: "orders", partition }), 4);
    }
    consumer.seek({ topic: "orders", partition: 2, offset: "earliest" });
    let again: ConsumerRecord | undefined;
    while (again === undefined) [again] = await consumer.poll();
    assertEquals([again.partition, again.offset], [2, 1]);
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => consumer.poll({ signal }), Error, "enough");
    await consumer.close();
  }));
