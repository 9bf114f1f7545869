// The face of what Ottla serves over HTTP. Loaded only where a configuration asks for it.

import { formatAddress, isLoopback, listenOn } from "../base/address.ts";
import { PlatformFault } from "../base/faults.ts";
import { itemAt } from "../base/items.ts";
import { RareLine } from "../base/rare_line.ts";
import {
  type BrokerOptions,
  metricsTlsOf,
  type RunningBroker,
  startBroker,
} from "../broker/mod.ts";
import type { Address } from "../runtime/ports.ts";
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
  const terms = monitorTermsOf(options);
  const monitor = await listenOn(
    host,
    (host) => Monitor.open(runtime, { ...terms, address: { host, port } }),
  )
    .catch((error) => {
      if (!(error instanceof PlatformFault)) throw error;
      const { kind, message } = error;
      throw new PlatformFault(kind, `cannot serve metrics: ${message}`, { about: "metrics" });
    });
  const { address, url } = monitor;
  logger.log("info", "metrics and health are served", { url });
  if (terms.token !== null && terms.tls === undefined && !isLoopback(address.host)) {
    logger.log("warn", "the token of the metrics can be read on its way: no TLS is set for them", {
      url,
    });
  }
  try {
    const broker = await startBroker(options);
    monitor.watch(broker);
    return {
      addresses: broker.addresses,
      address: broker.address,
      metricsAddress: address,
      get health() {
        return broker.health;
      },
      metrics: () => broker.metrics(),
      connections: () => broker.connections(),
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

/** Throws UsageFault for what the configuration must not say. */
function monitorTermsOf({ runtime, config, logger }: BrokerOptions) {
  const token = config.get("ottla.metrics.token");
  const read = () => metricsTlsOf(config, runtime.files);
  const terms = read();
  if (terms === undefined) return { token, tls: undefined };
  const failed = new RareLine({
    say: (reason, count) =>
      logger.log("warn", "TLS handshakes of the metrics failed", { reason, count }),
    monotonic: () => runtime.clock.monotonic(),
  });
  const onFailed = (peer: Address, reason: string) =>
    failed.note(`${formatAddress(peer)}: ${reason}`);
  return { token, tls: { terms, read, logger, onFailed } };
}
