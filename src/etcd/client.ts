// A client of an etcd cluster, over its HTTP gateway: unary calls, and the ways to repeat them.
//
//   ask       one try at the present member: an answer, a refusal, or nothing is known
//   read      what changes nothing: at each member in turn, until an answer or for so long
//   settle    a transaction, sent again until its outcome is certain
//
// A transaction compares revisions, and those never come back. So once a copy of it has failed, no
// other copy can succeed later: a definite "no" holds for one that is still under way, too. Nothing
// else may be concluded from a key that looks unchanged.
// Invariant: an ambiguous outcome is never told as a failure.

import { fromUtf8 } from "../base/bytes.ts";
import { DecodeFault, messageOf, PlatformFault, UsageFault } from "../base/faults.ts";
import { itemAt } from "../base/items.ts";
import { HomeCounters } from "../cluster/mod.ts";
import type {
  Clock,
  HttpAnswer,
  HttpClient,
  HttpStream,
  Logger,
  Random,
  Timers,
} from "../runtime/ports.ts";
import {
  countOf,
  idOf,
  type KeyValue,
  keyValuesOf,
  objectOf,
  parseObject,
  rangeOf,
  type Transaction,
  transactionBody,
  type TransactionResult,
  transactionResultOf,
} from "./messages.ts";

/** Codes of gRPC that a decision hangs on. */
export const EtcdCode = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNAUTHENTICATED: 16,
} as const;

/** etcd has answered that it does not do what it was asked for. */
export class EtcdFault extends Error {
  override readonly name = "EtcdFault";
  /** gRPC's code; 2 and 14 say nothing of the outcome. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is said of a refusal that no repetition can change. */
const definiteCodes: ReadonlySet<number> = new Set([
  EtcdCode.INVALID_ARGUMENT,
  EtcdCode.NOT_FOUND,
  EtcdCode.PERMISSION_DENIED,
  EtcdCode.RESOURCE_EXHAUSTED,
  EtcdCode.FAILED_PRECONDITION,
  EtcdCode.OUT_OF_RANGE,
]);

/** What holds for every copy of a transaction: it makes no sense, or its lease is gone for good. */
const finalCodes: ReadonlySet<number> = new Set([EtcdCode.INVALID_ARGUMENT, EtcdCode.NOT_FOUND]);

const askMsMax = 2_000;
/** What is asked again is waited for longer: etcd itself gives up after seven seconds. */
const askAgainMsMax = 8_000;
const readMsMax = 15_000;
/** Enough for a page of keys, or for all that a transaction tells. */
const answerBytesMax = 64 * 1024 * 1024;
/** Keys of one page of a range. */
const pageKeys = 2_000;
const retryMs = [50, 1_000] as const;

export interface EtcdClientOptions {
  readonly endpoints: readonly string[];
  readonly http: HttpClient;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly random: Pick<Random, "uint32">;
  readonly logger: Logger;
  /** Who asks, where etcd wants to know. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** Keys as of one revision, and which etcd has them. */
export interface KeyRange {
  readonly revision: number;
  readonly clusterId: string;
  readonly all: readonly KeyValue[];
}

/** A member of etcd, as it answers for itself. */
export interface EtcdMember {
  readonly endpoint: string;
  readonly answers: boolean;
  /** Why it does not answer. */
  readonly reason?: string;
  readonly version?: string;
  readonly isLeader?: boolean;
  /** Of its file; etcd takes 2 GiB unless it is told otherwise. */
  readonly bytes?: number;
}

/** How a question is asked: by default at the present member, for two seconds. */
export interface AskTerms {
  readonly msMax?: number;
  readonly endpoint?: string;
}

/** How long an answer is tried for. */
export interface ReadTerms {
  /** No try is begun later; by default {@link readMsMax}. */
  readonly msMax?: number;
  /** Hears why a try was in vain, before it is made again. */
  readonly onRepeat?: (reason: string) => void;
}

/** How an answer without an end is asked for. */
export interface FollowTerms {
  /** Bytes that wait here before the server does. */
  readonly bytesMax: number;
  /** How often it was asked for in vain: its beginning is waited for the longer. */
  readonly tries: number;
}

type Answer = Readonly<Record<string, unknown>>;

export class EtcdClient {
  readonly counters: HomeCounters = new HomeCounters();
  readonly #options: EtcdClientOptions;
  #at = 0;
  #token: Promise<string> | undefined;
  #isClosed = false;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    // So that not all brokers hang on the first of the list.
    this.#at = options.random.uint32() % options.endpoints.length;
  }

  /** The member that is asked now. */
  get endpoint(): string {
    return itemAt(this.#options.endpoints, this.#at);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Drops every connection; what waits is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#options.http.close();
  }

  /** The next question goes to another member, unless somebody has moved on already. */
  moveOn(from = this.endpoint): void {
    if (from !== this.endpoint) return;
    this.#at = (this.#at + 1) % this.#options.endpoints.length;
    this.counters.memberChanges++;
  }

  /** The member whose turn is next after one. */
  after(endpoint: string): string {
    const { endpoints } = this.#options;
    return itemAt(endpoints, (endpoints.indexOf(endpoint) + 1) % endpoints.length);
  }

  /**
   * One try. Rejects with EtcdFault when it is refused, with PlatformFault or DecodeFault when
   * nothing is known of the outcome.
   */
  async ask(
    path: string,
    body: string,
    { msMax = askMsMax, endpoint = this.endpoint }: AskTerms = {},
  ): Promise<Answer> {
    const { clock } = this.#options;
    const counted = this.counters.of(path.replace(/^\/v3\//, ""));
    const startMs = clock.monotonic();
    const observe = () => counted.seconds.observe((clock.monotonic() - startMs) / 1000);
    try {
      const answer = await this.#answered(endpoint, path, { body, msMax });
      observe();
      return answer;
    } catch (error) {
      if (isRefusal(error)) {
        observe();
        throw error;
      }
      counted.unanswered++;
      this.moveOn(endpoint);
      throw error;
    }
  }

  /** The same of what changes nothing, until there is an answer. */
  async read(
    path: string,
    body: string,
    { msMax = readMsMax, onRepeat }: ReadTerms = {},
  ): Promise<Answer> {
    let isLate = false;
    const deadline = this.#options.timers.after(msMax, () => isLate = true);
    try {
      for (let tries = 0;; tries++) {
        try {
          return await this.ask(path, body, { msMax: patience(tries) });
        } catch (error) {
          if (isRefusal(error) || isLate || this.#isClosed) throw error;
          if (!isUnknown(error)) throw error;
          onRepeat?.(reasonOf(error));
        }
        await this.pause(tries);
      }
    } finally {
      deadline.cancel();
    }
  }

  /**
   * Carries a transaction out, or learns that it never will be. Rejects with EtcdFault when it is
   * refused as a whole, with PlatformFault "Closed" when this client is closed before anything is
   * certain. `onRepeat` is called before it is sent again.
   */
  async settle(transaction: Transaction, onRepeat?: () => void): Promise<TransactionResult> {
    const body = transactionBody(transaction);
    // A refusal for want of something holds for the copy that was refused alone.
    let isAmbiguous = false;
    for (let tries = 0;; tries++) {
      try {
        const answer = await this.ask("/v3/kv/txn", body, { msMax: patience(tries) });
        return transactionResultOf(answer);
      } catch (error) {
        if (this.#isClosed) throw closed();
        const isFinal = error instanceof EtcdFault && finalCodes.has(error.code);
        if (isFinal || !isAmbiguous && !isUnknown(error)) throw error;
        isAmbiguous ||= isUnknown(error);
      }
      await this.pause(tries);
      if (this.#isClosed) throw closed();
      onRepeat?.();
    }
  }

  /** All keys that begin with `prefix`, as of one revision. */
  async range(prefix: string, terms?: ReadTerms): Promise<KeyRange> {
    const all: KeyValue[] = [];
    let revision: number | undefined;
    let clusterId = "0";
    for (let from = prefix;;) {
      const body = JSON.stringify({
        ...rangeOf(prefix, from),
        limit: pageKeys,
        ...revision !== undefined && { revision: String(revision) },
      });
      const answer = await this.read("/v3/kv/range", body, terms);
      const header = objectOf(answer.header);
      revision ??= countOf(header.revision);
      clusterId = idOf(header.cluster_id);
      const page = keyValuesOf(answer.kvs);
      all.push(...page);
      const last = page.at(-1);
      if (answer.more !== true || last === undefined) return { revision, clusterId, all };
      from = last.key + "\0";
    }
  }

  /** Follows an answer without an end, at the present member. Rejects as `ask` does. */
  async follow(
    path: string,
    body: string,
    { bytesMax, tries }: FollowTerms,
  ): Promise<HttpStream> {
    const { endpoint } = this;
    const { http } = this.#options;
    try {
      const headers = { ...await this.#headers(endpoint), "Grpc-Metadata-hasleader": "true" };
      const terms = { msMax: patience(tries), bytesMax, json: body, headers };
      return await http.follow(`${endpoint}${path}`, terms);
    } catch (error) {
      if (!isRefusal(error)) this.moveOn(endpoint);
      throw error;
    }
  }

  /** The version of each member that answers, by endpoint. */
  async versions(): Promise<ReadonlyMap<string, string>> {
    const { endpoints, http } = this.#options;
    const found = new Map<string, string>();
    await Promise.all(endpoints.map(async (endpoint) => {
      try {
        const answer = await http.ask(`${endpoint}/version`, { msMax: askMsMax, bytesMax: 4_096 });
        const { etcdserver } = parseObject(fromUtf8(answer.body));
        if (typeof etcdserver === "string") found.set(endpoint, etcdserver);
      } catch (error) {
        if (!isUnknown(error)) throw error;
      }
    }));
    return found;
  }

  /** What each member says of itself, in the order of the endpoints. */
  members(): Promise<EtcdMember[]> {
    const { endpoints } = this.#options;
    return Promise.all(endpoints.map(async (endpoint): Promise<EtcdMember> => {
      try {
        const ask = { body: "{}", msMax: askMsMax };
        const said = await this.#answered(endpoint, "/v3/maintenance/status", ask);
        const { version, leader, dbSize, header } = said;
        const isLeader = leader !== undefined && leader === objectOf(header).member_id;
        return {
          endpoint,
          answers: true,
          version: String(version),
          isLeader,
          bytes: countOf(dbSize),
        };
      } catch (error) {
        if (!isUnknown(error) && !isRefusal(error)) throw error;
        return { endpoint, answers: false, reason: reasonOf(error) };
      }
    }));
  }

  /** Waits before the next try: longer each time, and not as long as others do. */
  pause(tries: number): Promise<void> {
    const { timers, random } = this.#options;
    const [least, most] = retryMs;
    const ms = Math.min(most, least * 2 ** Math.min(tries, 10));
    return new Promise((go) => timers.after(ms * (0.5 + random.uint32() / 2 ** 33), go));
  }

  async #answered(
    endpoint: string,
    path: string,
    { body, msMax }: { readonly body: string; readonly msMax: number },
  ): Promise<Answer> {
    for (let isSecond = false;; isSecond = true) {
      try {
        const headers = await this.#headers(endpoint);
        return await this.#once(endpoint + path, { body, msMax, headers });
      } catch (error) {
        // Tokens run out, and end with what they say of who may do what.
        const mayBeToken = isRefusal(error) && this.#token !== undefined &&
          (error.code === EtcdCode.UNAUTHENTICATED || error.code === EtcdCode.INVALID_ARGUMENT);
        if (!mayBeToken || isSecond) throw error;
        this.#token = undefined;
      }
    }
  }

  async #once(
    url: string,
    { body, msMax, headers }: {
      readonly body: string;
      readonly msMax: number;
      readonly headers: Readonly<Record<string, string>>;
    },
  ): Promise<Answer> {
    const bytesMax = answerBytesMax;
    const answer = await this.#options.http.ask(url, { msMax, bytesMax, json: body, headers });
    const said = saidIn(answer, url);
    if (answer.status === 200) return said;
    throw new EtcdFault(countOf(said.code ?? 2), String(said.message ?? said.error ?? "no reason"));
  }

  async #headers(endpoint: string): Promise<Readonly<Record<string, string>>> {
    const { login } = this.#options;
    if (login === undefined) return {};
    const token = this.#token ??= this.#authenticate(endpoint, login);
    try {
      return { authorization: await token };
    } catch (error) {
      if (this.#token === token) this.#token = undefined;
      throw error;
    }
  }

  async #authenticate(
    endpoint: string,
    { username, password }: { readonly username: string; readonly password: string },
  ): Promise<string> {
    const body = JSON.stringify({ name: username, password });
    try {
      const url = `${endpoint}/v3/auth/authenticate`;
      const { token } = await this.#once(url, { body, msMax: askMsMax, headers: {} });
      return String(token);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw new UsageFault(
        `etcd does not let ${username} in: ${error.message}. Its name and password are ` +
          "ottla.etcd.username and ottla.etcd.password",
        { cause: error },
      );
    }
  }
}

/** What the gateway says. Who has none answers 404 and no JSON: a PlatformFault tells of it. */
function saidIn({ status, body }: HttpAnswer, url: string): Answer {
  try {
    return parseObject(fromUtf8(body));
  } catch (error) {
    if (status === 200 || !(error instanceof DecodeFault)) throw error;
    const advice = status === 404
      ? "etcd's gRPC gateway is off there (enable-grpc-gateway: true in its configuration file)"
      : "does etcd listen there?";
    const message = `${url} answers with HTTP ${status} and no JSON: ${advice}`;
    throw new PlatformFault("Io", message, { cause: error });
  }
}

/** Whether etcd has answered, and that it will not do it. */
export function isRefusal(error: unknown): error is EtcdFault {
  return error instanceof EtcdFault && definiteCodes.has(error.code) ||
    error instanceof EtcdFault && error.code === EtcdCode.UNAUTHENTICATED;
}

/** Whether nothing is known of what was asked for. */
export function isUnknown(error: unknown): boolean {
  return error instanceof PlatformFault || error instanceof DecodeFault ||
    error instanceof EtcdFault && !isRefusal(error);
}

/** How long an answer is waited for after so many tries: a member that is slow gets its time. */
export function patience(tries: number): number {
  return Math.min(askMsMax * 2 ** Math.min(tries, 10), askAgainMsMax);
}

function closed(): PlatformFault {
  return new PlatformFault("Closed", "the connection to etcd is closed");
}

/** A reason for the log. */
export function reasonOf(error: unknown): string {
  return error instanceof EtcdFault ? `etcd says: ${error.message}` : messageOf(error);
}
