// The broker's face for those who start one: the command line and the library.

import type { Address } from "../runtime/ports.ts";
import { Broker, type BrokerHealth } from "./broker.ts";
import type { MetricFamily } from "./metrics_table.ts";
import type { BrokerOptions } from "./wiring.ts";

export type { BrokerHealth } from "./broker.ts";
export type { BrokerOptions } from "./wiring.ts";
export {
  BrokerConfig,
  type ConfigInput,
  loadConfig,
  type LoadedConfig,
  type StartFlags,
} from "./config/mod.ts";
export { isSecretKey } from "./config/secrets.ts";
export { allHandlers } from "./handlers/mod.ts";
export type { MetricFamily, Sample } from "./metrics_table.ts";

/** A broker that serves clients. */
export interface RunningBroker {
  /** Where clients connect, with the real port when 0 was asked for. */
  readonly address: Address;
  readonly health: BrokerHealth;
  /** What there is to measure, as it is now; of requests only where `ottla.metrics.port` is set. */
  metrics(): Promise<MetricFamily[]>;
  /** Ends it; resolves when all is synced and closed. May be called more than once. */
  close(): Promise<void>;
}

/** Starts a broker and resolves once clients can connect. */
export function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  return Broker.start(options);
}
