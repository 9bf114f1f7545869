// `ottla cluster init|status`: what a cluster has in etcd, for its operator. It works
// whether brokers run or not; the rest of `ottla cluster` asks a broker.

import { UsageFault } from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import { type BrokerConfig, loadConfig } from "../broker/mod.ts";
import type { EtcdMetadataStore } from "../etcd/mod.ts";
import { command, jsonOption, type Values } from "./arguments.ts";
import { newId, openHome } from "./cluster_home.ts";
import { type CliContext, exitCode } from "./context.ts";
import { renderJson, renderTable } from "./table.ts";
import { readTextFile } from "./text_file.ts";

export const homeOptions = {
  cluster: { kind: "text", value: "etcd://HOST/NAME", about: "where its metadata is" },
  set: {
    kind: "list",
    value: "KEY=VALUE",
    about: "a broker's config, such as ottla.etcd.password",
  },
  config: { kind: "text", value: "FILE", about: "a broker's configuration" },
} as const;

type HomeOptions = Values<typeof homeOptions>;

export function configOf(
  context: CliContext,
  options: HomeOptions,
  dataDir?: string,
): BrokerConfig {
  const { files, process: { environment } } = context.runtime;
  const file = options.config === undefined ? undefined : {
    name: options.config,
    text: readTextFile(files, { path: options.config, option: "--config" }),
  };
  const flags = { cluster: options.cluster, set: options.set, dataDir };
  const { config } = loadConfig({ flags, environment, file });
  if (config.get("ottla.cluster") === null) {
    throw new UsageFault("which cluster? Name it with --cluster etcd://HOST:2379/NAME");
  }
  return config;
}

/** Runs `work` with the cluster's home, which may begin now under the id that is given. */
export async function withHome(
  context: CliContext,
  { config, ...how }: { config: BrokerConfig; newClusterId?: () => string; takesMoved?: boolean },
  work: (home: EtcdMetadataStore) => number | Promise<number>,
): Promise<number> {
  const { runtime } = context;
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const home = await openHome({
    config,
    runtime,
    logger: runtime.logger({ level: "error", format: "text" }),
    onLost: lost.reject,
    ...how,
  });
  try {
    return await Promise.race([work(home), lost.promise]);
  } finally {
    await home.close();
  }
}

const init = command({
  name: "cluster init",
  operands: [],
  about: "begin a cluster in etcd, before its first broker",
  options: homeOptions,
  examples: [["cluster init --cluster etcd://a:2379/main", "before any broker is there"]],
  run: (context, { options }) => {
    const config = configOf(context, options);
    const newClusterId = newId(config, context.runtime);
    return withHome(context, { config, newClusterId }, (home) => {
      context.out(escaped(`The cluster's id is ${home.clusterId}.`) + "\n");
      return exitCode.ok;
    });
  },
});

const status = command({
  name: "cluster status",
  operands: [],
  about: "show what etcd knows of a cluster",
  options: { ...jsonOption, ...homeOptions },
  examples: [["cluster status --cluster etcd://a:2379/main", "whether brokers run or not"]],
  run: (context, { options }) =>
    withHome(context, { config: configOf(context, options) }, (home) => {
      const found = statusOf(home);
      if (options.json) context.out(renderJson(found));
      else printStatus(context, found);
      return exitCode.ok;
    }),
});

function statusOf(home: EtcdMetadataStore) {
  const { image, clusterId, controllerId, leaderEpoch, revision } = home;
  const partitions = image.topics().flatMap((topic) => topic.partitions);
  return {
    clusterId,
    revision,
    controller: controllerId < 0 ? null : controllerId,
    term: leaderEpoch,
    topics: image.topicCount,
    partitions: partitions.length,
    withoutLeader: partitions.filter(({ leader }) => leader < 0).length,
    underReplicated: partitions.filter(({ isr, replicas }) => isr.length < replicas.length).length,
    brokers: image.brokers().map(
      ({ id, rack, endPoints: [first], fenced, inControlledShutdown }) => {
        const lives = home.liveness.alive(id) !== undefined;
        const serves = inControlledShutdown ? "stops" : fenced ? "fenced" : "serves";
        const address = first === undefined ? null : `${first.host}:${first.port}`;
        return { id, address, rack, state: lives ? serves : "gone" };
      },
    ),
  };
}

function printStatus(context: CliContext, found: ReturnType<typeof statusOf>): void {
  const { brokers, controller, term } = found;
  const rows = brokers.map(({ id, address, rack, state }) => [
    id,
    address ?? undefined,
    rack ?? undefined,
    state,
    id === controller ? `since term ${term}` : undefined,
  ]);
  const partitions = `${found.partitions} partitions: ${found.withoutLeader} without a leader, ` +
    `${found.underReplicated} under-replicated`;
  context.out(escaped(`Cluster ${found.clusterId}, at revision ${found.revision}`) + "\n");
  context.out(escaped(`${found.topics} topics, ${partitions}`) + "\n\n");
  context.out(renderTable(["broker", "address", "rack", "state", "controller"], rows));
}

export const metadataCommands = [init, status];
