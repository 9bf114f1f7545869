// The requests that a test broker was sent, decoded, as far as they are kept: a test looks at them
// afterwards, or follows them as they come.
//
//   for await (const request of broker.requests.of({ api: "Produce" })) ...
//
// Bounds: the newest 1,000 requests or 16 MiB of them are kept; who follows and falls behind goes
// on with the oldest that is left, and `missed` says how many are not.

import { BytesReader } from "../base/bytes.ts";
import { UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds } from "../base/options.ts";
import type { AnyApi, RequestHeader } from "../protocol/mod.ts";
import { everyApi } from "../protocol/every_table.ts";
import { type NameOfId, type Place, placesIn, type Struct } from "../protocol/message_topics.ts";

const requestsMax = 1_000;
const bytesMax = 16 * 1024 * 1024;

/** Which requests are meant: those that fit all that is said; nothing said: every one. */
export interface RequestFilter {
  /** Kafka's name of the API, such as `Produce`, or several. */
  readonly api?: string | readonly string[];
  /** What the client calls itself. */
  readonly clientId?: string;
  /** A topic that the request names. */
  readonly topic?: string;
  /** A partition of it that the request names. */
  readonly partition?: number;
  /** The group that it is about. */
  readonly group?: string;
  /** The transactional id that it is about. */
  readonly transactionalId?: string;
}

/** What each part of a filter is. */
export const filterKinds: OptionKinds<RequestFilter> = {
  api: "any",
  clientId: "text",
  topic: "text",
  partition: "count",
  group: "text",
  transactionalId: "text",
};

/** A request that a client has sent. */
export interface KafkaRequest {
  /** Kafka's name of the API, such as `Produce`. */
  readonly api: string;
  /** The version of the API that the client speaks. */
  readonly version: number;
  /** What the client calls itself; null when it does not. */
  readonly clientId: string | null;
  /** The client's number of the request. */
  readonly correlationId: number;
  /** When it came, in milliseconds since the Unix epoch, by the broker's clock. */
  readonly atMs: number;
  /** The request's fields by Kafka's names; batches of records are bytes. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request on its way in. */
export class SeenRequest implements KafkaRequest {
  readonly table: AnyApi;
  readonly header: RequestHeader;
  readonly atMs: number;
  readonly frame: Uint8Array<ArrayBuffer>;
  readonly #nameOfId: NameOfId;
  #body: Struct | undefined;

  /** `frame` is read later, too. */
  constructor(
    frame: Uint8Array<ArrayBuffer>,
    about: { table: AnyApi; header: RequestHeader; atMs: number; nameOfId: NameOfId },
  ) {
    this.frame = frame;
    this.table = about.table;
    this.header = about.header;
    this.atMs = about.atMs;
    this.#nameOfId = about.nameOfId;
  }

  get api(): string {
    return this.table.name;
  }

  get version(): number {
    return this.header.apiVersion;
  }

  get clientId(): string | null {
    return this.header.clientId;
  }

  get correlationId(): number {
    return this.header.correlationId;
  }

  get body(): Struct {
    this.#body ??= this.table.request.decode(
      new BytesReader(this.frame, this.header.bodyPosition),
      this.version,
    ) as Struct;
    return this.#body;
  }

  /** Whether it is one of those that `filter` means. */
  fits(filter: RequestFilter): boolean {
    const { api, clientId, group, transactionalId } = filter;
    if (api !== undefined && ![api].flat().includes(this.api)) return false;
    if (clientId !== undefined && clientId !== this.clientId) return false;
    if (group !== undefined && !names(this.body, groupFields, group)) return false;
    if (transactionalId !== undefined && !names(this.body, transactionFields, transactionalId)) {
      return false;
    }
    return filter.topic === undefined && filter.partition === undefined ||
      placesIn(this.body, this.#nameOfId).some((place) => isPlaceOf(filter, place));
  }

  toString(): string {
    return `${this.api} v${this.version} of ${this.clientId ?? "a client without a name"}`;
  }
}

/** Whether `filter` means requests about `place`. */
export function isPlaceOf({ topic, partition }: RequestFilter, place: Place): boolean {
  return (topic === undefined || topic === place.topic) &&
    (partition === undefined || partition === place.partition);
}

const groupFields = ["groupId", "group", "groups", "groupsNames", "key", "coordinatorKeys"];
const transactionFields = [
  "transactionalId",
  "v3AndBelowTransactionalId",
  "transactionalIds",
  "transactions",
  "key",
  "coordinatorKeys",
];

/** Whether one of `fields`, or of those of its items, is `wanted`. */
function names(body: Struct, fields: readonly string[], wanted: string): boolean {
  return fields.some((field) => {
    const value = body[field];
    if (!Array.isArray(value)) return value === wanted;
    return value.some((each) =>
      each === wanted || typeof each === "object" && each !== null && names(each, fields, wanted)
    );
  });
}

const apiNames: ReadonlySet<string> = new Set(Array.from(everyApi.values(), ({ name }) => name));

/** The filter in `given`. Throws UsageFault for what is none. */
export function checkFilter(call: string, given: RequestFilter): RequestFilter {
  const filter = checkOptions(call, given, filterKinds);
  for (const api of filter.api === undefined ? [] : [filter.api].flat()) {
    if (apiNames.has(api)) continue;
    throw new UsageFault(
      `${call}: Kafka has no API ${api}; a name is such as Produce or JoinGroup`,
    );
  }
  return filter;
}

/** Keeps requests, and tells of new ones. */
export class RequestLog {
  readonly #kept: SeenRequest[] = [];
  #bytes = 0;
  #dropped = 0;
  #more = Promise.withResolvers<void>();
  #isClosed = false;

  note(request: SeenRequest): void {
    this.#kept.push(request);
    this.#bytes += request.frame.length;
    while (this.#kept.length > requestsMax || this.#bytes > bytesMax && this.#kept.length > 1) {
      this.#bytes -= this.#kept.shift()?.frame.length ?? 0;
      this.#dropped++;
    }
    this.#wake();
  }

  /** Nothing more will come. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** It begins anew: the broker has started again. */
  reopen(): void {
    this.#isClosed = false;
  }

  get kept(): readonly SeenRequest[] {
    return this.#kept;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Those that are kept, then those that come. */
  async *follow(): AsyncGenerator<SeenRequest, void> {
    for (let next = 0;;) {
      next = Math.max(next, this.#dropped);
      const request = this.#kept[next - this.#dropped];
      if (request !== undefined) {
        next++;
        yield request;
      } else if (this.#isClosed) return;
      else await this.#more.promise;
    }
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}

/** Requests that clients send, as an async iterable. It ends when the broker is closed. */
export class Requests implements AsyncIterable<KafkaRequest> {
  readonly #log: RequestLog;
  readonly #filter: RequestFilter;

  /** @internal Made by the broker. */
  constructor(log: RequestLog, filter: RequestFilter = {}) {
    this.#log = log;
    this.#filter = filter;
  }

  /** Those of them that fit `filter` as well. */
  of(filter: RequestFilter): Requests {
    return new Requests(this.#log, { ...this.#filter, ...checkFilter("requests.of", filter) });
  }

  /** Those that have come so far, as many as are kept. */
  seen(): KafkaRequest[] {
    return this.#log.kept.filter((request) => request.fits(this.#filter));
  }

  /** How many requests, of any kind, are not kept any more. */
  get missed(): number {
    return this.#log.dropped;
  }

  /** Those that are kept, then those that come. */
  async *[Symbol.asyncIterator](): AsyncGenerator<KafkaRequest, void> {
    for await (const request of this.#log.follow()) {
      if (request.fits(this.#filter)) yield request;
    }
  }
}
