// `ottla start --nodes 3`: several brokers of one cluster in this process, for whoever wants to see
// how clients get on with more than one. Their ids are 1 and up, their ports follow each other, and
// each has a folder of its own in that of --data-dir, or nothing but memory.
//
// Invariant: nothing that only one of them could have is passed over in silence: it is refused
// before anything starts.

import { isUnspecified } from "../../base/address.ts";
import { firstOf } from "../../base/items.ts";
import { UsageFault } from "../../base/faults.ts";
import { type BrokerConfig, clusterDefaults, startLocalCluster } from "../../broker/mod.ts";
import type { Started, StartGiven } from "./started.ts";

/** More would have next to nothing of the machine each. */
const nodesMax = 32;
const portMax = 65_535;

/** Keys that would be the same for each broker, and must not be. */
const ownKeys = [
  "node.id",
  "broker.id",
  "broker.rack",
  "advertised.listeners",
  "ottla.metrics.port",
  "ottla.audit.log",
] as const;

/** Starts them; resolves once clients can connect to each. */
export async function startNodes(given: StartGiven & { readonly nodes: number }): Promise<Started> {
  const { input, config, nodes, runtime, logger, trace, traceFilter, onLost } = given;
  const { host, port, dataDir } = placeOf(config, nodes);
  const settings = Object.fromEntries(
    Object.entries(clusterDefaults(nodes)).filter(([key]) =>
      !config.isSet(key as keyof ReturnType<typeof clusterDefaults>)
    ),
  );
  const cluster = await startLocalCluster({
    runtime,
    brokers: nodes,
    host,
    port,
    settings,
    input,
    logger,
    dataDir,
    sessionMs: config.get("broker.session.timeout.ms"),
    trace: trace && ((id, line) => trace(`broker ${id}: ${line}`)),
    traceFilter,
    onFatal: onLost,
  });
  const { addresses } = cluster;
  return {
    address: firstOf(addresses),
    close: () => cluster.close(),
    config,
    metadata: undefined,
    ready: addresses.map((address, i) => ({
      address,
      folder: dataDir === undefined ? "memory" : `${dataDir}/${i + 1}`,
      node: i + 1,
    })),
  };
}

/** Where the first one listens, and where all is kept, if anywhere. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string | undefined;
}

/** Throws UsageFault for what several brokers cannot have. */
function placeOf(config: BrokerConfig, nodes: number): Place {
  if (nodes < 1 || nodes > nodesMax) {
    throw new UsageFault(`--nodes takes 1 to ${nodesMax}, not ${nodes}`);
  }
  if (config.get("ottla.cluster") !== null) {
    throw new UsageFault(
      "--nodes makes a cluster of its own in this process: drop it to take part in another",
    );
  }
  const [dataDir, otherDir] = config.dataFolders;
  if (!config.ephemeral && otherDir !== undefined) {
    throw new UsageFault("with --nodes there is one data folder, which has one for each broker");
  }
  for (const key of ownKeys) {
    if (config.isSet(key)) {
      throw new UsageFault(`with --nodes ${key} would be the same for each broker: drop it`);
    }
  }
  const [first, another] = config.listeners;
  if (first === undefined || another !== undefined) {
    throw new UsageFault("with --nodes each broker has one listener: name one in listeners");
  }
  const { host, port } = first;
  if (host !== "" && isUnspecified(host)) {
    throw new UsageFault(
      `brokers cannot send clients to ${host}: give an address with --host, such as 127.0.0.1`,
    );
  }
  if (port !== 0 && port + nodes - 1 > portMax) {
    throw new UsageFault(`there are no ${nodes} ports from ${port} on: give a smaller --port`);
  }
  const kept = config.ephemeral ? undefined : dataDir;
  return { host: host === "" ? "127.0.0.1" : host, port, dataDir: kept };
}
