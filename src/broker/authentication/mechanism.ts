// A SASL exchange as its mechanism has it: what the client says, step by step, until it is known
// or refused (RFC 4422).
//
//   take ──> challenge ──> take ... ──> known
//                  └────────────────> refused
//
// Invariant: a refusal says to the client nothing of what was wrong but that it was not let in;
// what may help an operator is in `reason`, and no secret is in either.

/** What came of a client's message. */
export type Step =
  /** It is to go on from here. */
  | { readonly type: "challenge"; readonly reply: Uint8Array }
  /** It is `user`; where what it has shown runs out, for so long. */
  | {
    readonly type: "known";
    readonly reply: Uint8Array;
    readonly user: string;
    readonly lifetimeMs?: number;
    /** It has shown a delegation token. */
    readonly isByToken?: boolean;
  }
  | { readonly type: "refused"; readonly refusal: LoginRefusal };

/** Why a client is not let in. */
export interface LoginRefusal {
  /** For the client, in Kafka's words. */
  readonly told: string;
  /** For the broker's own log. */
  readonly reason: string;
}

/** One exchange with one client. Of no use any more once it has ended. */
export interface Exchange {
  take(said: Uint8Array): Promise<Step>;
}

/** Begins an exchange. */
export type Mechanism = () => Exchange;

export function challenge(reply: Uint8Array): Step {
  return { type: "challenge", reply };
}

export function known(
  user: string,
  reply: Uint8Array,
  options: { readonly lifetimeMs?: number; readonly isByToken?: boolean } = {},
): Step {
  return { type: "known", reply, user, ...options };
}

/** Refuses; who says nothing else to the operator says what the client is told. */
export function refused(told: string, reason: string = told): Step {
  return { type: "refused", refusal: { told, reason } };
}
