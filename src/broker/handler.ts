// What a handler is: one API's table, the versions we honour, and the function that answers.
//
// A handler never sees bytes of the frame, only the decoded message; views in it (records, group
// metadata) are valid until it answers. It reports errors as Kafka error codes in the response,
// per item. What it throws closes the connection (ConnectionFault) or is a bug of ours; but where
// what it asks of a store fails, its `refuse` makes the answer.

import type { AnyApi, ErrorCode, RequestOf, ResponseInput } from "../protocol/mod.ts";
import type { Allowed, Requirement } from "./access/authorizer.ts";
import type { Services } from "./services.ts";
import type { Session } from "./network/session.ts";

/** Versions `min` to `max`, both included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The request at hand, apart from its message, with the services that its handler needs and what
 * its client may do.
 */
export interface RequestContext<Needed extends keyof Services = keyof Services> extends Allowed {
  readonly services: Pick<Services, Needed>;
  readonly version: number;
  /** null when the client sends none. */
  readonly clientId: string | null;
  readonly session: Session;
  /** Of the whole request: it can leave no more behind. */
  readonly requestBytes: number;
  /** The handler looks at bytes of its request no more: it has copied what it needs. */
  readonly doneWithBytes: () => void;
}

/** One served API. The message types are erased here: only `handler` knows that they fit. */
export interface Handler {
  readonly api: AnyApi;
  /** Honoured versions; what the table can parse may be more. */
  readonly serves: VersionRange;
  readonly authorise: readonly Requirement[];
  /** Whether the next request of the connection may start before this one is answered. */
  readonly pipelined: boolean;
  /**
   * Whether it may wait for records, other clients or other brokers: then it holds no memory for
   * work or answers meanwhile, and claims what it reads itself.
   */
  readonly waits: boolean;
  /** Whether it copies what it keeps of its request, and says when (`doneWithBytes`). */
  readonly copiesBytes: boolean;
  /** Answers; undefined for no answer at all (Produce with acks=0). */
  readonly handle: (request: never, context: RequestContext) => unknown;
  /** The answer when all of a request is refused, or when what it asks cannot be stored. */
  readonly refuse: ((request: never, refusal: Refusal) => unknown) | undefined;
  /** What is sent in place of an answer that would bring a client over its quota. */
  readonly withhold: ((answer: never, context: RequestContext) => unknown) | undefined;
  /** About how many bytes an answer takes, where it may be many. */
  readonly bytesOf: ((answer: never) => number) | undefined;
}

/** Why a whole request is refused. */
export interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
  readonly version: number;
}

type Answer<A extends AnyApi> = ResponseInput<A> | undefined;

/** How an API is served. */
export interface HandlerOptions<A extends AnyApi> {
  /** Honoured versions, such as "0-4". */
  readonly serves: string;
  /** What its client must be allowed, in the order in which it is asked; none: nothing. */
  readonly authorise: readonly Requirement[];
  readonly pipelined?: boolean;
  readonly waits?: boolean;
  readonly copiesBytes?: boolean;
  handle(request: RequestOf<A>, context: RequestContext): Answer<A> | Promise<Answer<A>>;
  /**
   * The same code for everything that was asked for: nothing of it was done, since the client may
   * not do it, or what `handle` wanted to store could not be stored. A handler that has none needs
   * nothing as a whole, and tells of each failure itself.
   */
  refuse?(request: RequestOf<A>, refusal: Refusal): ResponseInput<A>;
  /**
   * What is sent in place of an answer that would bring the client over its quota of fetched bytes;
   * it asks again after its pause. Undefined: what it gives out cannot be taken back, so that it is
   * sent, and counts. Answers of a handler that has none do not count.
   */
  withhold?(answer: ResponseInput<A>, context: RequestContext): ResponseInput<A> | undefined;
  /** About how many bytes the answer takes, but for what is sent from where it is. */
  bytesOf?(answer: ResponseInput<A>): number;
}

/** Declares how `api` is served. */
export function handler<A extends AnyApi>(api: A, options: HandlerOptions<A>): Handler {
  return {
    api,
    serves: versionRange(options.serves),
    authorise: options.authorise,
    pipelined: options.pipelined ?? false,
    waits: options.waits ?? false,
    copiesBytes: options.copiesBytes ?? false,
    handle: options.handle as Handler["handle"],
    refuse: options.refuse as Handler["refuse"],
    withhold: options.withhold as Handler["withhold"],
    bytesOf: options.bytesOf as Handler["bytesOf"],
  };
}

/** "0-4", or "0" alone, as a range. */
export function versionRange(text: string): VersionRange {
  const [min = 0, max = min] = text.split("-").map(Number);
  return { min, max };
}
