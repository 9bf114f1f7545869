// Apache Kafka's tools against three brokers: what they tell of a cluster that has lost one is so,
// and they move, throttle and elect.
//
// Each tool is a JVM of its own, so a command stands for a whole API.

import { LocalCluster } from "../../mod.ts";
import { reasonToSkip } from "./java/installed.ts";
import { runTool, titleOf, type ToolCommand } from "./java/tool.ts";

const tools = "org.apache.kafka.tools";
const topics = `${tools}.TopicCommand`;
const reassign = `${tools}.reassign.ReassignPartitionsCommand`;
/** In the place of a file in which the partition is, on the brokers where it is to be. */
const file = "MOVES";
const partitions = [{ topic: "orders", partition: 0, replicas: [3, 2, 1] }];

const whole: readonly ToolCommand[] = [
  {
    tool: topics,
    args: "--create --topic orders --replica-assignment 3:1 --config min.insync.replicas=2",
    says: /Created topic orders/,
  },
  { tool: `${tools}.ClusterTool`, args: "cluster-id", says: /Cluster ID: \S{22}/ },
  {
    tool: `${tools}.LogDirsCommand`,
    args: "--describe --topic-list orders",
    says: /"broker":1,.*"partition":"orders-0".*"offsetLag":0.*"broker":3,.*"orders-0"/,
  },
  {
    tool: reassign,
    args: `--execute --reassignment-json-file ${file} --throttle 10000000`,
    says: /Successfully started partition reassignment for orders-0/,
  },
  {
    tool: "kafka.admin.ConfigCommand",
    args: "--describe --entity-type topics --entity-name orders",
    says: /throttled.replicas=0:/,
  },
  {
    tool: `${tools}.ClusterTool`,
    args: "unregister --id 2",
    says: /is running: stop it/,
    fails: true,
  },
];

const moved: readonly ToolCommand[] = [
  {
    tool: reassign,
    args: `--verify --reassignment-json-file ${file}`,
    says: /Reassignment of partition orders-0 is completed[^]*Clearing topic-level throttles/,
  },
  {
    tool: topics,
    args: "--describe --topic orders",
    says: /Leader: 3\s+Replicas: 3,2,1\s+Isr: [123],[123],[123]\s+Elr:\s+LastKnownElr:/,
  },
];

const withoutTwo: readonly ToolCommand[] = [
  {
    tool: topics,
    args: "--describe --under-min-isr-partitions",
    says: /Topic: orders\s+Partition: 0\s+Leader: 1\s.*Isr: 1\s+Elr: [23],?[23]?\s/,
  },
  { tool: topics, args: "--describe --under-replicated-partitions", says: /Topic: orders/ },
  {
    tool: `${tools}.MetadataQuorumCommand`,
    args: "describe --status",
    says: /LeaderId:\s+1\n[^]*HighWatermark:\s+\d+\n/,
  },
  { tool: `${tools}.ClusterTool`, args: "list-endpoints --include-fenced-brokers", says: /fenced/ },
];

const wholeAgain: readonly ToolCommand[] = [
  {
    tool: `${tools}.LeaderElectionCommand`,
    args: `--election-type preferred --path-to-json-file ${file}`,
    says: /Successfully completed leader election \(PREFERRED\) for partitions orders-0/,
  },
  { tool: topics, args: "--describe --topic orders", says: /Leader: 3\s/ },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's tools against a cluster are skipped: ${skipped}`);

/** Asks the tool until the cluster is as it says: it takes a while to get there. */
async function until(cluster: LocalCluster, command: ToolCommand): Promise<void> {
  const deadlineMs = performance.now() + 120_000;
  for (;;) {
    try {
      return await runTool(cluster, command);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
  }
}

Deno.test({
  name: "Kafka's tools tell of three brokers what is so, and move, throttle and elect",
  ignore: skipped !== undefined,
  fn: async (t) => {
    await using cluster = await LocalCluster.start({ brokers: 3 });
    const path = await Deno.makeTempFile({ prefix: "moves-", suffix: ".json" });
    const all = async (commands: readonly ToolCommand[]) => {
      for (const command of commands) {
        const args = command.args.replace(file, path);
        await t.step(titleOf(command), () => until(cluster, { ...command, args }));
      }
    };
    try {
      await Deno.writeTextFile(path, JSON.stringify({ version: 1, partitions }));
      await all(whole);
      await all(moved);
      await cluster.stop(2);
      await cluster.stop(3);
      await all(withoutTwo);
      await cluster.restart(2);
      await cluster.restart(3);
      await all(wholeAgain);
    } finally {
      await Deno.remove(path);
    }
  },
});
