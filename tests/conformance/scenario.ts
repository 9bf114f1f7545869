// A scenario: what a real client must manage, whichever it is, and what it is given for that. The
// scenarios stand in scenarios/, suite.ts runs them.

import type { Brokers } from "./brokers.ts";
import type { Driver, Way } from "./driver.ts";
import type { UsedVersions } from "./request_log.ts";

/** One row of the matrix. */
export interface Scenario {
  /** After the client's name it is a sentence: "kafkajs" + "deletes a topic". */
  readonly name: string;
  run(session: Session): Promise<void>;
}

/** A client, and the broker or brokers that it talks to. */
export interface Pairing {
  readonly client: string;
  readonly broker: Brokers;
  readonly driver: Driver;
  /** Creates a topic that is not itself the test; one with configurations not by the client. */
  makeTopic(
    word: string,
    options?: { partitions?: number; configs?: Record<string, string> },
  ): Promise<string>;
}

export interface Session extends Pairing {
  /** Ends each broker and starts it again where it was; the driver is a new one then. */
  restart(end: "stop" | "kill"): Promise<void>;
  /** Has a new broker of these settings, and a client that comes in by that way. */
  securely(
    o: { readonly way: Way; readonly settings: Record<string, string> },
    run: (pairing: Pairing) => Promise<void>,
  ): Promise<void>;
  /** Has a new broker that tells of each request, and a new client, for the length of `run`. */
  watched(run: (pairing: Pairing, requests: RequestWatch) => Promise<void>): Promise<void>;
}

/** Tells what reached the broker since the last call; undefined from a broker without a trace. */
export type RequestWatch = () => Promise<UsedVersions | undefined>;
