// How a client of a SASL listener comes in: which mechanism it chooses, and its exchange.
//
//   handshake ──SaslHandshake 1──> exchange ──SaslAuthenticate*──> in ──SaslHandshake──> exchange
//       └───────SaslHandshake 0──> tokens ────bare frames*───────> in          (KIP-368: once more)
//
//   whatever is refused ──> out: the answer goes out after a pause, then the connection ends
//
// Until a client is in, it may ask ApiVersions and nothing else; its frames are small
// (sasl.server.max.receive.size). It may authenticate again whenever it likes, and must be the same
// user by the same mechanism then.
// Source: KIP-43, KIP-152, KIP-368.

import { ErrorCode } from "../../protocol/mod.ts";
import type { Exchange, LoginRefusal, Mechanism, Step } from "./mechanism.ts";

export interface LoginOptions {
  /** By the names that clients know, such as "PLAIN"; in the order in which they are told. */
  readonly mechanisms: ReadonlyMap<string, Mechanism>;
  /** Largest frame of a client that is not in. */
  readonly frameBytesMax: number;
  /** How long a session by this mechanism lasts; 0: for ever. */
  readonly sessionMs: (mechanism: string) => number;
  /** Waits before a refusal is told. */
  readonly pause: () => Promise<void>;
  readonly monotonic: () => number;
}

/** What is told of the mechanism that was chosen. */
export interface HandshakeAnswer {
  readonly errorCode: ErrorCode;
  readonly mechanisms: readonly string[];
}

/** What is told of a step of the exchange. */
export interface ExchangeAnswer {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly authBytes: Uint8Array;
  readonly sessionLifetimeMs: number;
}

/** Who has come in. */
export interface KnownClient {
  readonly user: string;
  readonly mechanism: string;
  /** Of the monotonic clock. */
  readonly untilMs: number;
  /** It has shown a delegation token. */
  readonly isByToken: boolean;
}

/** What a login brings about. */
export interface LoginEvents {
  onIn(known: KnownClient): void;
  /** The client is asked again who it is. */
  onAgain(): void;
  /** It is not let in: the connection ends behind the answer. */
  onOut(reason: string, mechanism: string): void;
}

type KnownStep = Extract<Step, { type: "known" }>;

type State = "handshake" | "exchange" | "tokens" | "in" | "out";

const nothing = new Uint8Array(0);

/** One client's way in. */
export class Login {
  readonly #options: LoginOptions;
  readonly #events: LoginEvents;
  #state: State = "handshake";
  #mechanism = "";
  #exchange: Exchange | undefined;
  /** Who it was the first time, and by what. */
  #first: { readonly user: string; readonly mechanism: string } | undefined;

  constructor(options: LoginOptions, events: LoginEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Whether the next frame is a bare token: the way of clients of before KIP-152. */
  get takesTokens(): boolean {
    return this.#state === "tokens";
  }

  /** SaslHandshake. */
  handshake(mechanism: string, version: number): HandshakeAnswer {
    const mechanisms = [...this.#options.mechanisms.keys()];
    if (this.#state === "in") {
      this.#events.onAgain();
    } else if (this.#state !== "handshake") {
      this.#leave("a second SaslHandshake in one login");
      return illegal(mechanisms);
    }
    const begin = this.#options.mechanisms.get(mechanism);
    if (begin === undefined || mechanism !== (this.#first?.mechanism ?? mechanism)) {
      this.#leave(`SASL mechanism ${mechanism} is not enabled`);
      return { errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms };
    }
    this.#mechanism = mechanism;
    this.#exchange = begin();
    this.#state = version === 0 ? "tokens" : "exchange";
    return { errorCode: ErrorCode.NONE, mechanisms };
  }

  /** SaslAuthenticate. */
  async authenticate(authBytes: Uint8Array): Promise<ExchangeAnswer> {
    if (this.#state !== "exchange") {
      const message = this.#state === "in"
        ? "SaslAuthenticate request received after successful authentication"
        : "SaslAuthenticate request received before SaslHandshake";
      if (this.#state !== "in") this.#leave(message);
      return refusal(ErrorCode.ILLEGAL_SASL_STATE, message);
    }
    const outcome = await this.#step(authBytes);
    if ("told" in outcome) return refusal(ErrorCode.SASL_AUTHENTICATION_FAILED, outcome.told);
    return { errorCode: ErrorCode.NONE, errorMessage: null, ...outcome };
  }

  /** A bare token. Undefined: there is no answer, the connection ends. */
  async takeToken(token: Uint8Array): Promise<Uint8Array | undefined> {
    const outcome = await this.#step(token);
    return "told" in outcome ? undefined : outcome.authBytes;
  }

  async #step(
    said: Uint8Array,
  ): Promise<LoginRefusal | { authBytes: Uint8Array; sessionLifetimeMs: number }> {
    const step = await this.#exchange!.take(said);
    switch (step.type) {
      case "challenge":
        return { authBytes: step.reply, sessionLifetimeMs: 0 };
      case "refused":
        return await this.#refuse(step.refusal);
      case "known": {
        const { user, reply } = step;
        const first = this.#first?.user ?? user;
        if (first !== user) {
          const told = `Cannot change principals during re-authentication from User:${first}: ` +
            `User:${user}`;
          return await this.#refuse({ told, reason: told });
        }
        return { authBytes: reply, sessionLifetimeMs: this.#enter(step) };
      }
    }
  }

  /** Returns for how long: what it has shown is good, and the mechanism's sessions last. */
  #enter({ user, lifetimeMs: shownMs = Infinity, isByToken = false }: KnownStep): number {
    this.#first = { user, mechanism: this.#mechanism };
    this.#state = "in";
    this.#exchange = undefined;
    const allowedMs = this.#options.sessionMs(this.#mechanism) || Infinity;
    const soonerMs = Math.min(shownMs, allowedMs);
    const lifetimeMs = soonerMs === Infinity ? 0 : Math.max(1, Math.floor(soonerMs));
    const untilMs = lifetimeMs > 0 ? this.#options.monotonic() + lifetimeMs : Infinity;
    this.#events.onIn({ user, mechanism: this.#mechanism, untilMs, isByToken });
    return lifetimeMs;
  }

  async #refuse(refusal: LoginRefusal): Promise<LoginRefusal> {
    this.#state = "out";
    await this.#options.pause();
    this.#leave(`${this.#mechanism}: ${refusal.reason}`);
    return refusal;
  }

  #leave(reason: string): void {
    this.#state = "out";
    this.#exchange = undefined;
    this.#events.onOut(reason, this.#mechanism);
  }
}

function illegal(mechanisms: readonly string[]): HandshakeAnswer {
  return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms };
}

function refusal(errorCode: ErrorCode, errorMessage: string): ExchangeAnswer {
  return { errorCode, errorMessage, authBytes: nothing, sessionLifetimeMs: 0 };
}
