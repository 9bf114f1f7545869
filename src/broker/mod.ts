// The broker's face for those who start one: the command line and the library.

import { loading } from "../base/loading.ts";
import { Broker, type RunningBroker } from "./broker.ts";
import type { LocalCluster, LocalClusterOptions } from "./local/local_cluster.ts";
import type { BrokerOptions } from "./broker_options.ts";

import { checkPortsForNewFolder } from "./network/free_ports.ts";
export type { RunningBroker } from "./broker.ts";
export type { BrokerOptions } from "./broker_options.ts";
export { BrokerConfig, type ConfigInput, loadConfig, type ProgramOptions } from "./config/mod.ts";
export type { LocalCluster } from "./local/local_cluster.ts";
export type { Dispatch, Dispatched } from "./network/connection.ts";
export type { Session } from "./network/session.ts";
export type { TraceFilter } from "./network/trace_filter.ts";
export { isSecretKey } from "./config/secrets.ts";
export { metricsTlsOf } from "./authentication/tls_terms.ts";
export { allHandlers } from "./handlers/mod.ts";
export { withStoredMetadata } from "./metadata/stored.ts";
export type { MetricFamily } from "./metrics/metrics_table.ts";

/** What a cluster of so many brokers begins with: what is acknowledged outlives one of them. */
export function clusterDefaults(brokers: number) {
  return {
    "default.replication.factor": Math.min(3, brokers),
    "min.insync.replicas": Math.min(2, brokers),
    "transaction.state.log.min.isr": Math.min(2, brokers),
  };
}

/**
 * For a program that starts a broker: where its data folder is to be made, throws PlatformFault if
 * one of its ports cannot be had, and no folder is left behind by a start that is refused.
 */
export async function checkPortsFirst(
  { runtime, config }: Pick<BrokerOptions, "runtime" | "config">,
): Promise<void> {
  if (config.ephemeral) return;
  const { dataFolders: folders, listeners: ports } = config;
  await checkPortsForNewFolder(runtime, { folders, ports });
}

/** Starts several brokers of one cluster in this process. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { LocalCluster } = await loading(import("./local/local_cluster.ts"));
  return await LocalCluster.start(options);
}

/**
 * Starts a broker and resolves once clients can connect. Where nothing can be written it only
 * reads, until that is mended.
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  try {
    return await Broker.start(options);
  } catch (error) {
    const { ReadingBroker, whyUnwritable } = await loading(import("./reading_broker.ts"));
    const why = whyUnwritable(error, options);
    if (why === undefined) throw error;
    return await ReadingBroker.start(options, why);
  }
}
