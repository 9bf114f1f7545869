// Kafka's own consumer in a rack of three (KIP-392): it reads from the follower that stands there,
// from the leader once that is killed, and from the follower again when it is back. Nothing is
// skipped, nothing comes twice.

import { assertEquals } from "@std/assert";
import { Client, createTopic, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { within } from "../harness/deadline.ts";
import { etcdAbsence } from "../harness/etcd_process.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { Brokers } from "./brokers.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const topic = "orders";
const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/NearestReader.java", import.meta.url).pathname;
const readMsMax = 120_000;
const recordsMax = 10_000;
/** Outweighs whatever else a node has to say. */
const filling = "x".repeat(20_000);

const skipped = await reasonToSkip() ?? await etcdAbsence();
if (skipped !== undefined) console.log(`Kafka's consumer in a rack is skipped: ${skipped}`);

interface Read {
  readonly value: string;
  readonly node: string;
}

/** The program's reports, one after the other. */
class Reader implements AsyncDisposable {
  readonly #java: ProcessLines;
  readonly #reports: Read[] = [];
  #onReport = () => {};

  constructor(jars: string, args: readonly string[]) {
    const jvm = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    this.#java = new ProcessLines({
      command: "java",
      args: [...jvm, `-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`, program, ...args],
      onLine: (line) => {
        const [word, value, node] = line.split(" ");
        if (word !== "read" || value === undefined || node === undefined) return;
        this.#reports.push({ value, node });
        this.#onReport();
      },
    });
  }

  async next(): Promise<Read> {
    const reported = Promise.withResolvers<void>();
    this.#onReport = reported.resolve;
    const what = () => `a record that is read\n${this.#java.output}`;
    const ended = this.#java.finished.then(() => {
      throw new Error(`the reader has ended\n${this.#java.output}`);
    });
    if (this.#reports.length === 0) {
      await within(Promise.race([reported.promise, ended]), { ms: readMsMax, what });
    }
    ended.catch(() => {}); // It is killed in the end.
    return this.#reports.shift()!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#java.kill();
  }
}

Deno.test({
  name: "Kafka's consumer reads from the follower in its rack, and from the leader without it",
  ignore: skipped !== undefined || ["kafka", "node"].includes(targetFromEnvironment()),
  fn: async () => {
    await using brokers = await Brokers.start({
      settings: {
        "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
        // However slow this machine is, who runs stays in sync.
        "replica.lag.time.max.ms": "300000",
      },
      settingsOf: (id) => ({ "broker.rack": `rack-${id}` }),
    }, 3);
    const client = await Client.connect(denoRuntime(), { bootstrap: brokers.bootstrap });
    const producer = new Producer(client);
    try {
      await createTopic(client, { name: topic, assignments: [[1, 2, 3]] });
      await using reader = new Reader(await fetchJars(), [brokers.bootstrap, topic, "rack-2"]);
      let sent = 0;
      /** Sends one and has it read; returns which node has given it. */
      const send = async () => {
        const value = String(sent++);
        await producer.send({ topic, partition: 0, value: `${value} ${filling}` });
        const read = await reader.next();
        assertEquals(read.value, value);
        return read.node;
      };
      const untilFrom = async (node: string) => {
        while (await send() !== node) {
          if (sent > recordsMax) throw new Error(`nothing of ${sent} records is from ${node}`);
        }
      };
      await untilFrom("node-2");
      for (let i = 0; i < 5; i++) assertEquals(await send(), "node-2");
      await brokers.nodes[1]!.kill();
      await untilFrom("node-1");
      await brokers.nodes[1]!.restart();
      await untilFrom("node-2");
    } finally {
      await producer.close();
      client.close();
    }
  },
});
