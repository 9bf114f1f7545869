// One client, for as long as its connection lasts: who it is, how it came in, and what of its
// requests is under way. The connection makes it and keeps order by it; handlers are given it with
// each request.
//
//   authenticating ──the client is known──> serving ──the connection closes──> ended
//          └<──it says again who it is (KIP-368)──┘
//
// On a listener without a login it serves from the start.
// Invariant: once it has served, `principal`, `listener` and `remote` never change while the
// session lasts, so that what was allowed for one request was allowed for the same client as the
// next.

import type { Address } from "../../runtime/ports.ts";
import type { Requester } from "../../base/requester.ts";
import { type KnownClient, Login, type LoginOptions } from "../authentication/login.ts";

/** Who a client is to access rules and quotas. */
export interface Principal {
  /** "User" of all that Kafka makes itself. */
  readonly type: string;
  readonly name: string;
}

/** Everybody who has not said who they are. */
export const anonymous: Principal = { type: "User", name: "ANONYMOUS" };

/** Kafka's text of a principal, such as "User:ANONYMOUS". */
export function principalText({ type, name }: Principal): string {
  return `${type}:${name}`;
}

/** The listener that a client came in by. */
export interface SessionListener {
  readonly name: string;
  /** Where its clients are told to find us: by advertised.listeners, or as `toldOf` says. */
  readonly advertised: Address;
}

/** What a client says of itself in ApiVersions 3 and later (KIP-511). */
export interface ClientSoftware {
  readonly name: string;
  readonly version: string;
}

export type SessionPhase = "authenticating" | "serving" | "ended";

export interface SessionOptions {
  readonly remote: Address;
  readonly listener: SessionListener;
  /** How the client has to say who it is; absent: it need not. */
  readonly login?: LoginOptions;
  /** Absent: the anonymous one. */
  readonly principal?: Principal;
  /** Whether parts of files may be in its answers. */
  readonly takesFileParts?: boolean;
  /** Hears of how its way in has ended, each time. */
  readonly onLogin?: (session: Session, outcome: SessionLogin) => void;
}

/** How a client's way in has ended. */
export interface SessionLogin {
  readonly mechanism: string;
  /** Why it was refused; absent: it is in. */
  readonly refusal?: string;
}

/** A client on its connection. */
export class Session implements Requester {
  readonly remote: Address;
  readonly listener: SessionListener;
  /** Whether parts of files may be in its answers. */
  readonly takesFileParts: boolean;
  /** Undefined on a listener without one. */
  readonly login: Login | undefined;
  #principal: Principal;
  #expiresAtMs = Infinity;
  #isByToken = false;
  #refusal: string | undefined;
  #clientId: string | null = null;
  #software: ClientSoftware | undefined;
  #phase: SessionPhase = "serving";
  #pausedUntilMs = 0;
  #frameInUse: Promise<void> | undefined;
  readonly #onEnd = new Set<() => void>();

  constructor(
    { remote, listener, login, principal = anonymous, onLogin, takesFileParts }: SessionOptions,
  ) {
    this.remote = remote;
    this.listener = listener;
    this.takesFileParts = takesFileParts ?? false;
    this.#principal = principal;
    if (login === undefined) return;
    this.#phase = "authenticating";
    this.login = new Login(login, {
      onIn: (known) => {
        this.#onIn(known);
        onLogin?.(this, { mechanism: known.mechanism });
      },
      onAgain: () => this.#enter("authenticating"),
      onOut: (refusal, mechanism) => {
        this.#refusal = refusal;
        onLogin?.(this, { mechanism, refusal });
      },
    });
  }

  /** Who the client is, as far as it is known. */
  get principal(): Principal {
    return this.#principal;
  }

  /** From this time of the monotonic clock on, the client has to say again who it is. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** Whether the client has come in by a delegation token. */
  get isByToken(): boolean {
    return this.#isByToken;
  }

  /** Why the connection ends behind the answers that are under way; undefined: it does not. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  get hasLeft(): boolean {
    return this.#phase === "ended";
  }

  /** What the client called itself last; null while it has not. A request may say another. */
  get clientId(): string | null {
    return this.#clientId;
  }

  /** Undefined before ApiVersions, and of clients that do not tell. */
  get software(): ClientSoftware | undefined {
    return this.#software;
  }

  /** Its next request is not read before this time of the monotonic clock; 0: no pause is due. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /** While it is unresolved, no other request of this client is read. */
  get frameInUse(): Promise<void> | undefined {
    return this.#frameInUse;
  }

  /** A request has come. */
  onRequest(clientId: string | null): void {
    this.#clientId = clientId;
  }

  /** The client has said what it is. */
  onSoftware(software: ClientSoftware): void {
    this.#software = software;
  }

  /** A quota asks for a pause until `ms` of the monotonic clock; the longest one holds. */
  pauseUntil(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, ms);
  }

  /** The pause that is due is taken now. Returns when it ends; 0: none is due. */
  takePause(): number {
    const untilMs = this.#pausedUntilMs;
    this.#pausedUntilMs = 0;
    return untilMs;
  }

  /** For a handler that goes on using the bytes of its request after it has returned. */
  keepFrame(until: Promise<void>): void {
    this.#frameInUse = until;
  }

  /** The bytes of the last request are the connection's again. */
  releaseFrame(): void {
    this.#frameInUse = undefined;
  }

  onEnd(run: () => void): () => void {
    if (this.#phase === "ended") run();
    else this.#onEnd.add(run);
    return () => this.#onEnd.delete(run);
  }

  #onIn({ user, untilMs, isByToken }: KnownClient): void {
    this.#principal = { type: "User", name: user };
    this.#expiresAtMs = untilMs;
    this.#isByToken = isByToken;
    this.#enter("serving");
  }

  #enter(phase: SessionPhase): void {
    if (this.#phase !== "ended") this.#phase = phase;
  }

  /** The connection is gone. */
  end(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    for (const run of this.#onEnd) run();
  }
}
