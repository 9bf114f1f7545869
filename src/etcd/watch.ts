// A watch of all keys below a prefix: what has changed, revision by revision, from one on.
//
//   follow /v3/watch --> lines of JSON --> events of a revision, once each, in order
//      ends, breaks, or says nothing for `silenceMsMax` --> another member, from where it was
//      the revisions are gone (compacted)               --> "compacted": all is to be read anew
//
// A member that is stopped, or cut off from the others, keeps the stream open and says nothing: so
// there is a key that the controller changes every few seconds, and silence is a failure. Whoever
// knows of a revision that it should have told of need not wait for that (`doubt`).
// Invariant: no revision is told twice, and none out of order.

import { concatBytes, fromUtf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { HttpStream, Timers } from "../runtime/ports.ts";
import type { EtcdClient } from "./client.ts";
import { EtcdCode, EtcdFault } from "./client.ts";
import {
  countOf,
  idOf,
  objectOf,
  parseObject,
  rangeOf,
  type WatchEvent,
  watchEventsOf,
} from "./messages.ts";

const newline = 10;
/** Bytes that wait here before the server does. */
const waitingBytesMax = 1024 * 1024;
/** A line is one message; one that is longer is as good as a lost one. */
const lineBytesMax = 64 * 1024 * 1024;

export interface WatchOptions {
  readonly client: EtcdClient;
  readonly timers: Timers;
  readonly prefix: string;
  /** The first revision to be told. */
  readonly from: number;
  /** So long without a word is a failure. */
  readonly silenceMsMax: number;
  /** How often it was begun in vain before. */
  readonly tries: number;
  /** The events of one revision. */
  readonly onRevision: (revision: number, events: readonly WatchEvent[]) => void;
  /** The stream is there, at a member that is at this revision. */
  readonly onOpened?: (at: WatchedMember) => void;
}

/** What a member says of itself as it begins to tell. */
export interface WatchedMember {
  /** It may be behind the others. */
  readonly revision: number;
  /** etcd's own. */
  readonly clusterId: string;
}

/** Why a watch is over. */
export type WatchEnd = "compacted" | "silent" | "ended" | "stopped";

/** One watch, at one member. */
export class Watch {
  readonly #options: WatchOptions;
  #stream: HttpStream | undefined;
  #isStopped = false;
  #isSilent = false;
  #next: number;
  readonly #endpoint: string;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#endpoint = options.client.endpoint;
    this.#next = options.from;
  }

  /** Ends it, soon. */
  stop(): void {
    this.#isStopped = true;
    this.#stream?.close();
  }

  /** Its member is taken for silent: it ends, and the next question goes to another. */
  doubt(): void {
    this.#isSilent = true;
    this.#options.client.moveOn(this.#endpoint);
    this.#stream?.close();
  }

  /**
   * Tells what happens until it cannot go on. Rejects as `EtcdClient.ask` does, and with what
   * `onRevision` throws.
   */
  async run(): Promise<WatchEnd> {
    const { client, prefix, silenceMsMax, timers, tries } = this.#options;
    const request = { ...rangeOf(prefix), start_revision: String(this.#next) };
    const body = JSON.stringify({ create_request: request });
    const stream = await client.follow("/v3/watch", body, { bytesMax: waitingBytesMax, tries });
    this.#stream = stream;
    if (this.#isStopped || this.#isSilent) stream.close();
    const silence = () => this.doubt();
    let timer = timers.after(silenceMsMax, silence);
    try {
      let rest: Uint8Array[] = [];
      for (let length = 0;;) {
        const chunk = await stream.read();
        if (chunk === null) {
          return this.#isStopped ? "stopped" : this.#isSilent ? "silent" : "ended";
        }
        let start = 0;
        for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
          rest.push(chunk.subarray(start, end));
          const outcome = this.#take(fromUtf8(concatBytes(rest)));
          if (outcome !== undefined) return outcome;
          rest = [];
          length = 0;
          start = end + 1;
          timer.cancel();
          timer = timers.after(silenceMsMax, silence);
        }
        rest.push(chunk.subarray(start));
        length += chunk.length - start;
        if (length > lineBytesMax) throw new DecodeFault("a message of etcd is too long");
      }
    } finally {
      timer.cancel();
      stream.close();
    }
  }

  #take(line: string): WatchEnd | undefined {
    if (line.trim() === "") return undefined;
    const { result, error } = parseObject(line);
    if (error !== undefined) {
      const { grpc_code, code, message } = objectOf(error);
      throw new EtcdFault(countOf(grpc_code ?? code ?? 2), String(message ?? "the watch ends"));
    }
    const said = objectOf(result);
    if (countOf(said.compact_revision) > 0) return "compacted";
    if (said.canceled === true) {
      throw new EtcdFault(EtcdCode.OUT_OF_RANGE, String(said.cancel_reason ?? "the watch ends"));
    }
    if (said.created === true) {
      const { revision, cluster_id } = objectOf(said.header);
      this.#options.onOpened?.({ revision: countOf(revision), clusterId: idOf(cluster_id) });
    }
    this.#tell(watchEventsOf(said.events));
    return undefined;
  }

  /** Events come in order of their revisions, those of one together. */
  #tell(events: readonly WatchEvent[]): void {
    for (let i = 0; i < events.length;) {
      const revision = events[i]!.modRevision;
      let end = i;
      while (events[end]?.modRevision === revision) end++;
      if (revision >= this.#next) {
        this.#next = revision + 1;
        this.#options.onRevision(revision, events.slice(i, end));
      }
      i = end;
    }
  }
}
