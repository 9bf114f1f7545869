// The broker's face for those who start one: the command line and the library.

import { loading } from "../base/loading.ts";
import { Broker, type RunningBroker } from "./broker.ts";
import type { BrokerOptions } from "./wiring.ts";

export type { BrokerHealth, RunningBroker } from "./broker.ts";
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
