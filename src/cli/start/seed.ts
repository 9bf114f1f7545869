// `ottla start --seed FILE`: the broker that has just started is brought to what the file declares,
// as any client would do it, before it says that it is ready.

import { formatAddress } from "../../base/address.ts";
import { UsageFault } from "../../base/faults.ts";
import type { BrokerConfig, RunningBroker } from "../../broker/mod.ts";
import { Client } from "../../client/mod.ts";
import type { Runtime } from "../../runtime/ports.ts";
import { applyDeclaration, type Declaration, parseDeclaration } from "../../seed/mod.ts";

/** What a file declares. */
export class Seed {
  readonly #name: string;
  readonly #declaration: Declaration;

  /** Throws UsageFault for what is no declaration. */
  constructor(file: { readonly name: string; readonly text: string }) {
    this.#name = file.name;
    this.#declaration = parseDeclaration(file);
  }

  /** Brings `broker` to what is declared; what is there stays. Ends it where that fails. */
  async apply(
    { runtime, config, broker }: {
      runtime: Runtime;
      config: BrokerConfig;
      broker: Pick<RunningBroker, "address" | "close">;
    },
  ): Promise<void> {
    try {
      await this.#apply(runtime, config, broker.address);
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  async #apply(
    runtime: Runtime,
    config: BrokerConfig,
    { host, port }: RunningBroker["address"],
  ): Promise<void> {
    const [listener] = config.listeners;
    if (listener === undefined || config.protocolOf(listener.name) !== "PLAINTEXT") {
      throw new UsageFault(`--seed ${this.#name} needs a first listener of the protocol PLAINTEXT`);
    }
    const isEverywhere = host === "" || host === "0.0.0.0" || host === "::";
    const bootstrap = formatAddress({ host: isEverywhere ? "127.0.0.1" : host, port });
    const client = await Client.connect(runtime, { bootstrap, clientId: "ottla-seed" });
    try {
      await applyDeclaration(client, this.#declaration);
    } finally {
      client.close();
    }
  }
}
