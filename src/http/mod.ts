// The face of what Ottla serves over HTTP. Loaded only where a configuration asks for it.

import { formatAddress } from "../base/address.ts";
import { isPlatformFault, PlatformFault } from "../base/faults.ts";
import { itemAt } from "../base/items.ts";
import { type BrokerOptions, type RunningBroker, startBroker } from "../broker/mod.ts";
import { Monitor } from "./monitor.ts";

/** A broker with a monitor beside it. */
export interface MonitoredBroker extends RunningBroker {
  /** Where metrics and health are served, with the real port when 0 was asked for. */
  readonly metricsAddress: RunningBroker["address"];
}

/**
 * As `startBroker`, with metrics and health on `ottla.metrics.port`, which must be set. They are
 * served from before the start until after the close.
 */
export async function startMonitoredBroker(options: BrokerOptions): Promise<MonitoredBroker> {
  const { runtime, config, logger } = options;
  const host = config.get("ottla.metrics.host") ?? itemAt(config.listeners, 0).host;
  const port = config.get("ottla.metrics.port") ?? 0;
  const token = config.get("ottla.metrics.token");
  const monitor = await openOn(host, (host) => Monitor.open(runtime, { host, port, token }))
    .catch((error) => {
      if (!(error instanceof PlatformFault)) throw error;
      const { kind, message } = error;
      throw new PlatformFault(kind, `cannot serve metrics: ${message}`, { about: "metrics" });
    });
  const { address } = monitor;
  const url = `http://${formatAddress(address)}`;
  logger.log("info", "metrics and health are served", { url });
  try {
    const broker = await startBroker(options);
    monitor.watch(broker);
    return {
      address: broker.address,
      metricsAddress: address,
      get health() {
        return broker.health;
      },
      metrics: () => broker.metrics(),
      async close() {
        try {
          await broker.close();
        } finally {
          await monitor.close();
        }
      },
    };
  } catch (error) {
    await monitor.close();
    throw error;
  }
}

/** Host "" is every address: of both families where the machine has both. */
async function openOn(
  host: string,
  open: (host: string) => Promise<Monitor>,
): Promise<Monitor> {
  if (host !== "") return await open(host);
  try {
    return await open("::");
  } catch (error) {
    if (isPlatformFault(error, "AddressInUse") || isPlatformFault(error, "Denied")) throw error;
    return await open("0.0.0.0");
  }
}
