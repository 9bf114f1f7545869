// The metadata of the cluster that a configuration names, opened for a broker or for a command.
//
//   ottla.cluster, ottla.etcd.* --> client of etcd --> the home, with the cluster's id
//
// Invariant: a data folder that is of a cluster already never begins a new one: what etcd does not
// know any more is not made again in silence.

import { isUnspecified } from "../../base/address.ts";
import { PlatformFault, UsageFault } from "../../base/faults.ts";
import { itemAt } from "../../base/items.ts";
import { type Uuid, uuidFromRandom } from "../../base/ids.ts";
import { type BrokerConfig, type ConfigInput, loadConfig } from "../../broker/mod.ts";
import {
  EtcdClient,
  EtcdMetadataStore,
  type EtcdStoreOptions,
  parseEtcdAddress,
  type ReadTerms,
} from "../../etcd/mod.ts";
import type { Logger, Runtime, TlsMaterial } from "../../runtime/ports.ts";
import { readTextFile } from "../text_file.ts";

/** Versions that have what is needed; older ones may lose events or read what is old. */
const etcdVersionsMin = ["3.5.28", "3.6.9"];

/** How often a start says that it waits. */
const waitingEveryMs = 10_000;

/** What a home is opened by. */
export interface ClusterHomeOptions {
  readonly input: ConfigInput;
  readonly config: BrokerConfig;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly onLost: (error: unknown) => void;
  /** Resolves when it is not wanted any more: what is being opened then is given up. */
  readonly stopped?: Promise<void>;
}

/** Opens the home for a broker. Its configuration has the id of its cluster then. */
export async function openClusterHome(
  options: ClusterHomeOptions,
): Promise<{ readonly config: BrokerConfig; readonly metadata: EtcdMetadataStore }> {
  const { config, input, runtime: { files } } = options;
  if (config.ephemeral) {
    throw new UsageFault("a broker of a cluster keeps its records: drop --ephemeral");
  }
  checkAddresses(config);
  const folder = itemAt(config.dataFolders, 0);
  const isNew = files.stat(`${folder}/meta.properties`) === undefined;
  if (isNew && !config.isSet("node.id") && !config.isSet("broker.id")) {
    throw new UsageFault("a broker of a cluster needs an id of its own: give it with --node-id");
  }
  const newClusterId = isNew ? newId(config, options.runtime) : undefined;
  const metadata = await openHome({ ...options, newClusterId, firstRead: waiting(options) });
  const { clusterId } = metadata;
  const wanted = config.get("cluster.id");
  if (wanted !== null && wanted !== clusterId) {
    await metadata.close();
    throw new UsageFault(
      `cluster.id is ${wanted}, and the cluster in etcd has the id ${clusterId}: drop it, or ` +
        "name another cluster",
    );
  }
  const given = { ...input.options, "cluster.id": clusterId };
  return { config: loadConfig({ ...input, options: given }).config, metadata };
}

/**
 * After a loss of power brokers are there sooner than etcd: it is waited for, as Kafka's brokers
 * wait for their controllers, and the log says so.
 */
function waiting({ config, runtime: { clock }, logger }: ClusterHomeOptions): ReadTerms {
  const msMax = config.get("initial.broker.registration.timeout.ms");
  const untilMs = clock.monotonic() + msMax;
  let nextMs = clock.monotonic();
  const onRepeat = (reason: string) => {
    const nowMs = clock.monotonic();
    if (nowMs < nextMs) return;
    nextMs = nowMs + waitingEveryMs;
    const fields = { reason, leftMs: Math.round(untilMs - nowMs) };
    logger.log("warn", "etcd does not answer yet, and is waited for", fields);
  };
  return { msMax, onRepeat };
}

/** Throws UsageFault where others could not tell by what address to reach this broker. */
function checkAddresses(config: BrokerConfig): void {
  for (const listener of config.listeners) {
    const { host } = config.advertised(listener.name) ?? listener;
    if (!isUnspecified(host)) continue;
    throw new UsageFault(
      "a broker of a cluster has to say where the others and clients reach it: give its name or " +
        `address with --host, or advertised.listeners=${listener.name}://HOST:${listener.port}`,
    );
  }
}

/** The id of a cluster that begins: the one that is configured, or a new one. */
export function newId(config: BrokerConfig, { random }: Runtime): () => Uuid {
  return () => config.get("cluster.id") ?? uuidFromRandom(random.bytes(16));
}

/** Opens the home. With `newClusterId` a cluster that is not there begins now. */
export async function openHome(
  { config, runtime, logger, onLost, stopped, newClusterId, takesMoved, firstRead }:
    & Omit<ClusterHomeOptions, "input">
    & Pick<EtcdStoreOptions, "newClusterId" | "takesMoved" | "firstRead">,
): Promise<EtcdMetadataStore> {
  const { clock, timers, random } = runtime;
  const { endpoints, name } = parseEtcdAddress(config.get("ottla.cluster") ?? "");
  const http = runtime.http.client(tlsOf(config, runtime));
  const log = logger.child("etcd");
  const client = new EtcdClient({
    endpoints,
    http,
    clock,
    timers,
    random,
    logger: log,
    login: loginOf(config),
  });
  let isOpen = false;
  stopped?.then(() => isOpen || client.close());
  try {
    const store = await EtcdMetadataStore.open({
      client,
      name,
      clock,
      timers,
      random,
      logger: log,
      leaseMs: config.get("broker.session.timeout.ms"),
      newClusterId,
      takesMoved,
      firstRead,
      onLost,
    });
    isOpen = true;
    const versions = await client.versions();
    const old = [...versions].filter(([, version]) => !isRecent(version));
    if (old.length > 0) {
      log.log("warn", "this etcd is older than is good: its faults are in docs/cluster.md", {
        members: old.map(([endpoint, version]) => `${endpoint} ${version}`).join(", "),
        needed: etcdVersionsMin.join(" or "),
      });
    }
    return store;
  } catch (error) {
    client.close();
    throw ofEtcd(error);
  }
}

/** A failure to reach it as one of etcd: there is something else to look at than a broker. */
function ofEtcd(error: unknown): unknown {
  if (!(error instanceof PlatformFault) || error.about !== undefined) return error;
  return new PlatformFault(error.kind, error.message, { cause: error, about: "etcd" });
}

function loginOf(config: BrokerConfig) {
  const [username, password] = [
    config.get("ottla.etcd.username"),
    config.get("ottla.etcd.password"),
  ];
  if (username === null && password === null) return undefined;
  if (username !== null && password !== null) return { username, password };
  throw new UsageFault("ottla.etcd.username and ottla.etcd.password go together: one is missing");
}

function tlsOf(config: BrokerConfig, { files }: Runtime): TlsMaterial {
  const textOf = (
    key: "ottla.etcd.ca.file" | "ottla.etcd.certificate.file" | "ottla.etcd.key.file",
  ) => {
    const path = config.get(key);
    return path === null ? undefined : readTextFile(files, { path, option: key });
  };
  const [trusted, chain, key] = [
    textOf("ottla.etcd.ca.file"),
    textOf("ottla.etcd.certificate.file"),
    textOf("ottla.etcd.key.file"),
  ];
  if ((chain === undefined) !== (key === undefined)) {
    throw new UsageFault(
      "ottla.etcd.certificate.file and ottla.etcd.key.file go together: one is missing",
    );
  }
  const identity = chain === undefined || key === undefined ? undefined : { chain, key };
  return { ...trusted !== undefined && { trusted }, ...identity && { identity } };
}

/** Whether a version is at least the needed one of its line, or of a later line. */
function isRecent(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part));
  if (major !== 3) return major > 3;
  if (minor === 5) return patch >= 28;
  return minor === 6 ? patch >= 9 : minor > 6;
}
