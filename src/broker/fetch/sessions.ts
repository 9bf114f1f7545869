// All fetch sessions of a broker (KIP-227), and what a request means by the two numbers that it
// brings:
//
//   id    epoch
//   any     -1     no session is wanted; the one of that id ends
//   any      0     all that is wanted is named; the one of that id ends, a new one may begin
//   known  its own the session goes on: what has changed is named, and told
//   else           FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, or
//                  FETCH_SESSION_TOPIC_ID_ERROR; the reader begins anew
//
// Where there is no room, a session is not begun, unless an old one gives way, as in Kafka: one
// that nobody has used for two minutes; else the smallest of those that have been in use for two
// minutes, if the new one is larger; a follower's drives out any consumer's.
//
// Invariant: there are at most `slotsMax` sessions, and together they take at most `bytesMax`. A
// reader without a session is answered in full each time.
//
// Differs from Kafka: the memory of all fetch sessions together is bounded, besides their number. A
// session that would exceed it ends with FETCH_SESSION_ID_NOT_FOUND.
//
// Differs from Kafka: in a fetch session a deleted topic's id is answered with UNKNOWN_TOPIC_ID, as
// without a session. Kafka remembers the topic's name, and answers UNKNOWN_TOPIC_OR_PARTITION.

import { ErrorCode } from "../../protocol/mod.ts";
import type { Random, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { type FetchedData, FetchSession, type NamedTopic, type SessionChanges } from "./session.ts";

const noSessionId = 0;
const initialEpoch = 0;
const finalEpoch = -1;
/** For so long a session is not driven out by a larger one, and it is kept unused. */
const evictionMs = 120_000;

export interface FetchSessionsOptions {
  /** `max.incremental.fetch.session.cache.slots`. */
  readonly slotsMax: number;
  readonly bytesMax: number;
  readonly random: Random;
  readonly monotonic: () => number;
}

/** What a request says of its session, and what it names. */
export interface SessionRequest extends SessionChanges {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly usesTopicIds: boolean;
  readonly isPrivileged: boolean;
}

/** What is to be told. */
export interface SessionAnswer extends FetchedData {
  readonly errorCode: ErrorCode;
  /** 0: there is no session. */
  readonly sessionId: number;
}

/** A fetch that has begun. */
export interface SessionTurn {
  /** What to read, in this order. */
  readonly wanted: SessionChanges["wanted"];
  /** What to tell of what was read. */
  finish(data: FetchedData["data"]): SessionAnswer;
}

/** An answer that was made, as far as it concerns a session. */
export interface WithheldAnswer {
  readonly sessionId: number;
  readonly partitions: Iterable<{ readonly of: NamedTopic; readonly partition: number }>;
}

export class FetchSessions {
  readonly #options: FetchSessionsOptions;
  /** The one that was used last is the last one. */
  readonly #byId = new Map<number, FetchSession>();
  #bytes = 0;
  #partitionCount = 0;
  #evictedCount = 0;

  constructor(options: FetchSessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Partitions of all sessions. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Sessions that gave way to others. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  /** What all of them take in memory, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the request is about; an error code where it goes on with what is not there. */
  begin(request: SessionRequest): SessionTurn | ErrorCode {
    const { sessionId, sessionEpoch, wanted } = request;
    const known = this.#byId.get(sessionId);
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      if (known !== undefined) this.#remove(known);
      if (sessionEpoch === finalEpoch) return withoutSession(wanted);
      return { wanted, finish: (data) => this.#finishFull(request, data) };
    }
    if (known === undefined) return ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
    if (sessionEpoch !== known.epoch) return ErrorCode.INVALID_FETCH_SESSION_EPOCH;
    if (request.usesTopicIds !== known.usesTopicIds) return ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR;
    return this.#goOn(known, request);
  }

  /** An answer is not sent: what it had news of is told the next time. Returns the session's id. */
  withhold({ sessionId, partitions }: WithheldAnswer): number {
    const session = this.#byId.get(sessionId);
    if (session === undefined) return sessionId;
    if (session.isNew) {
      this.#remove(session);
      return noSessionId;
    }
    for (const { of, partition } of partitions) session.takeBack(of, partition);
    return sessionId;
  }

  #goOn(session: FetchSession, request: SessionRequest): SessionTurn | ErrorCode {
    const before = { bytes: session.bytes, size: session.size };
    const isWithin = session.update(request, this.#options.bytesMax - this.#bytes + before.bytes);
    this.#bytes += session.bytes - before.bytes;
    this.#partitionCount += session.size - before.size;
    if (!isWithin || session.size === 0) {
      this.#remove(session);
      return isWithin ? withoutSession(request.wanted) : ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
    }
    this.#byId.delete(session.id);
    this.#byId.set(session.id, session);
    session.lastUsedMs = this.#options.monotonic();
    session.advance();
    const { epoch, id: sessionId, wanted } = session;
    return {
      wanted,
      finish: (data) => {
        // Another request has gone on with the session while this one waited.
        const isCurrent = session.epoch === epoch;
        return isCurrent
          ? { errorCode: ErrorCode.NONE, sessionId, ...session.tell({ wanted, data }) }
          : { errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, sessionId, wanted: [], data: [] };
      },
    };
  }

  /** All is told, and from here on the reader may go on with less. */
  #finishFull(request: SessionRequest, data: FetchedData["data"]): SessionAnswer {
    const { wanted } = request;
    const session = this.#create(request);
    session?.takeForTold({ wanted, data });
    return { errorCode: ErrorCode.NONE, sessionId: session?.id ?? noSessionId, wanted, data };
  }

  #create({ isPrivileged, usesTopicIds, wanted }: SessionRequest): FetchSession | undefined {
    const { slotsMax, bytesMax, monotonic } = this.#options;
    const nowMs = monotonic();
    let evicted: FetchSession | undefined;
    if (this.#byId.size >= slotsMax) {
      evicted = this.#evictedFor({ isPrivileged, size: wanted.length, nowMs });
      if (evicted === undefined) return undefined;
    }
    const session = new FetchSession({ id: this.#newId(), usesTopicIds, isPrivileged, nowMs });
    const bytesLeft = bytesMax - this.#bytes + (evicted?.bytes ?? 0);
    if (!session.update({ wanted, forgotten: [] }, bytesLeft)) return undefined;
    if (evicted !== undefined) {
      this.#evictedCount++;
      this.#remove(evicted);
    }
    this.#byId.set(session.id, session);
    this.#bytes += session.bytes;
    this.#partitionCount += session.size;
    return session;
  }

  #newId(): number {
    for (;;) {
      const id = this.#options.random.uint32() >>> 1;
      if (id !== noSessionId && !this.#byId.has(id)) return id;
    }
  }

  /** Which session gives way to a new one; undefined for none. */
  #evictedFor(session: Candidate): FetchSession | undefined {
    const [oldest] = this.#byId.values();
    const isUnused = oldest !== undefined && session.nowMs - oldest.lastUsedMs > evictionMs;
    if (isUnused) return oldest;
    let least: FetchSession | undefined;
    for (const each of this.#byId.values()) {
      const isSettled = each.lastUsedMs - each.createdMs > evictionMs;
      const mayGo = isSettled || (session.isPrivileged && !each.isPrivileged);
      if (mayGo && (least === undefined || isWorthLess(each, least))) least = each;
    }
    return least !== undefined && isWorthLess(least, session) ? least : undefined;
  }

  #remove(session: FetchSession): void {
    if (!this.#byId.delete(session.id)) return;
    this.#bytes -= session.bytes;
    this.#partitionCount -= session.size;
  }
}

/** A session that is to begin. */
interface Candidate {
  readonly isPrivileged: boolean;
  readonly size: number;
  readonly nowMs: number;
}

type Worth = Pick<Candidate, "isPrivileged" | "size">;

function isWorthLess(a: Worth, b: Worth): boolean {
  return a.isPrivileged === b.isPrivileged ? a.size < b.size : b.isPrivileged;
}

function withoutSession(wanted: SessionChanges["wanted"]): SessionTurn {
  const errorCode = ErrorCode.NONE;
  return { wanted, finish: (data) => ({ errorCode, sessionId: noSessionId, wanted, data }) };
}

/** What all fetch sessions together may take in memory: some 100,000 partitions. */
const fetchSessionBytesMax = 32 * 1024 * 1024;

/** The sessions of a broker. */
export function fetchSessionsOf(
  { config, runtime: { clock, random } }: {
    readonly config: Pick<BrokerConfig, "get">;
    readonly runtime: Pick<Runtime, "clock" | "random">;
  },
): FetchSessions {
  return new FetchSessions({
    slotsMax: config.get("max.incremental.fetch.session.cache.slots"),
    bytesMax: fetchSessionBytesMax,
    random,
    monotonic: () => clock.monotonic(),
  });
}
