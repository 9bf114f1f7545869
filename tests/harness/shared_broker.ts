// One broker for all tests of a file, since a start costs more than most tests. Each test talks
// about topics and groups of its own, and calls `freshName` for their names.
//
// Invariant: the broker runs from before the file's first test until after its last.

import { type BrokerOptions, BrokerProcess } from "./broker_process.ts";
import { RawClient } from "./raw_client.ts";

/** The broker of a file. */
export interface SharedBroker {
  /** Only within tests. */
  readonly broker: BrokerProcess;
  connect(): Promise<RawClient>;
}

/**
 * Starts a broker before the tests of the file that calls this, and ends it after them.
 * `coordinates`: somebody has looked for a coordinator, so that there is one.
 */
export function sharedBroker(
  options: BrokerOptions & { readonly coordinates?: boolean } = {},
): SharedBroker {
  let running: BrokerProcess | undefined;
  Deno.test.beforeAll(async () => {
    running = await BrokerProcess.start(options);
    if (!options.coordinates) return;
    using client = await RawClient.connect(running);
    await client.findCoordinator();
  });
  Deno.test.afterAll(() => running?.close());
  return {
    get broker() {
      if (running === undefined) throw new Error("the broker runs only while tests do");
      return running;
    },
    connect() {
      return RawClient.connect(this.broker);
    },
  };
}

let names = 0;

/** A name that no other test of this process uses. */
export function freshName(word: string): string {
  return `${word}-${++names}`;
}
