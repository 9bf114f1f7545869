// Someone who talks to the broker. What it does is a process on a machine of its own, which may be
// killed at any moment; another one begins then, which knows nothing of the one before.
//
//   troubled: it works       calm: it begins nothing new, but stays     over: it takes its leave
//
// Invariant: a client does what real ones do, on the answers alone.

import { Client, KafkaError } from "../../src/client/mod.ts";
import type { AnyApi, RequestInput, ResponseOf } from "../../src/protocol/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import type { SeededRandom } from "../../src/runtime/simulated_time.ts";

export interface Actor {
  /** Its machine. */
  readonly name: string;
  /** One process, up to its own end. */
  live(life: Life): Promise<void>;
}

export type Season = "troubled" | "calm" | "over";

/** No outage lasts so long. */
const outageMsMax = 3_600_000;
/** Longer than whatever is slow: who gives up earlier may be overtaken by itself. */
const requestTimeoutMs = 4_000;

/** One process of an actor. */
export class Life {
  /** The actor's name and which life it is: "sender.2". */
  readonly who: string;
  readonly runtime: Runtime;
  readonly random: SeededRandom;
  readonly #bootstrap: string;
  readonly #season: () => Season;

  constructor(options: {
    readonly who: string;
    readonly runtime: Runtime;
    readonly random: SeededRandom;
    readonly bootstrap: string;
    readonly season: () => Season;
  }) {
    this.who = options.who;
    this.runtime = options.runtime;
    this.random = options.random;
    this.#bootstrap = options.bootstrap;
    this.#season = options.season;
  }

  /** Whether it is to go on with its work. */
  get isTroubled(): boolean {
    return this.#season() === "troubled";
  }

  /** Whether it is to take its leave. */
  get isOver(): boolean {
    return this.#season() === "over";
  }

  /** A name that nobody else has. */
  newName(): string {
    return `${this.who}-${this.random.uint32().toString(16)}`;
  }

  pass(ms: number): Promise<void> {
    return new Promise((go) => this.runtime.timers.after(ms, go));
  }

  /** Some time between two. */
  passSome(minMs: number, maxMs: number): Promise<void> {
    return this.pass(this.random.between(minMs, maxMs));
  }

  /** A client that sits out every outage. */
  async connect(): Promise<Client> {
    for (;;) {
      try {
        return await Client.connect(this.runtime, {
          bootstrap: this.#bootstrap,
          clientId: this.who,
          requestTimeoutMs,
          retryTimeoutMs: outageMsMax,
        });
      } catch {
        await this.passSome(20, 200);
      }
    }
  }
}

/** What is asked, until somebody answers with a code that is no mere "not now". */
interface Question<A extends AnyApi> {
  /** The same each time, or another where it is not known what became of the one before. */
  readonly message: RequestInput<A> | ((isRepeated: boolean) => RequestInput<A>);
  readonly codeOf: (of: ResponseOf<A>) => ErrorCode;
  readonly versionMax?: number;
}

/** Asks, however often that takes. */
export function ask<A extends AnyApi>(
  client: Client,
  api: A,
  { message, codeOf, versionMax }: Question<A>,
): Promise<ResponseOf<A>> {
  let attempts = 0;
  return client.retrying(async () => {
    const isRepeated = attempts++ > 0;
    const asked = typeof message === "function" ? message(isRepeated) : message;
    const answer = await client.request(api, asked, { to: "any", versionMax });
    if (notNow.has(codeOf(answer))) {
      throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, api.name);
    }
    return answer;
  });
}

/** Who is told so asks again. */
const notNow: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.UNSTABLE_OFFSET_COMMIT,
]);
