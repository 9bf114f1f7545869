// Nodes of a cluster that are restarted one after the other, as for an upgrade, under producers
// that write on by the clock: how many sends fail, and how long the others take.
//
//   next node: stop (SIGTERM) --> start --> all replicas in sync --> next node

import { itemAt } from "../../src/base/items.ts";
import { describeTopic } from "../../src/client/mod.ts";
import { goProgram, pythonProgram } from "../../tests/conformance/clients/install.ts";
import { javaWords } from "../../tests/conformance/java/streams_application.ts";
import { ProcessLines } from "../../tests/harness/process_lines.ts";
import { type Cluster, ids, onTopic } from "./clusters.ts";

const partitions = 6;
const recordsPerSecond = 200;
/** For connections, and code that is compiled as it runs. */
const warmUpMs = 10_000;
/** Between two nodes, and behind the last one. */
const restMs = 5_000;
const java = new URL("../../tests/conformance/java/PacedProducer.java", import.meta.url).pathname;

/** A producer of another language, as a program. */
export interface PacedProducer {
  readonly name: string;
  readonly command: readonly string[];
}

/** Those that can be had here. */
export async function pacedProducers(): Promise<PacedProducer[]> {
  const found = [{ name: "Java", command: ["java", ...await javaWords(), java] }];
  const others = { "franz-go": goProgram, librdkafka: pythonProgram };
  for (const [name, install] of Object.entries(others)) {
    const { program, absent } = await install("paced_producer");
    if (program === undefined) console.log(`${name}: ${absent.reason}`);
    else found.push({ name, command: [program.command, ...program.args] });
  }
  return found;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What each of the producers tells of `rounds` restarts of all nodes. */
export async function restartsOf(
  cluster: Cluster,
  programs: readonly PacedProducer[],
  rounds: number,
): Promise<string[]> {
  const assignments = Array.from({ length: partitions }, (_, at) => {
    const leader = itemAt(ids, at % ids.length);
    return [leader, ...ids.filter((id) => id !== leader)];
  });
  return await onTopic(cluster, assignments, async (topic, client) => {
    const bootstrap = cluster.brokers.map((each) => each.bootstrap).join();
    const running = programs.map(({ command: [command = "", ...words] }) =>
      new ProcessLines({
        command,
        args: [...words, bootstrap, topic, `${partitions}`, `${recordsPerSecond}`],
        interactive: true,
      })
    );
    await pause(warmUpMs);
    const startMs = performance.now();
    for (let round = 0; round < rounds; round++) {
      for (const broker of cluster.brokers) {
        await broker.stop();
        await broker.restart();
        for (let isWhole = false; !isWhole; await pause(100)) {
          const found = await describeTopic(client, topic).catch(() => ({ partitions: [] }));
          isWhole = found.partitions.length === partitions &&
            found.partitions.every(({ isr }) => isr.length === ids.length);
        }
        await pause(restMs);
      }
    }
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    for (const process of running) process.endInput();
    return await Promise.all(running.map(async (process, at) => {
      const { stdout, stderr } = await process.finished;
      return `${itemAt(programs, at).name}, ${seconds} s: ${stdout.trim() || stderr}`;
    }));
  });
}
