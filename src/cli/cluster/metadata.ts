// A cluster in etcd as a command opens it, whether brokers run or not; and `ottla cluster init`.

import { UsageFault } from "../../base/faults.ts";
import { escaped } from "../../base/visible.ts";
import { type BrokerConfig, loadConfig } from "../../broker/mod.ts";
import type { EtcdMetadataStore } from "../../etcd/mod.ts";
import { command, type Values } from "../arguments.ts";
import { newId, openHome } from "./home.ts";
import { type CliContext, exitCode } from "../context.ts";
import { readTextFile } from "../text_file.ts";

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

export const metadataCommands = [init];
