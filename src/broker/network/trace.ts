// `--trace`: connections, and every request and response decoded, a line each, for learning and for
// debugging.
//
//   09:30:00.120 127.0.0.1:40312 + connected to PLAINTEXT
//   09:30:00.125 127.0.0.1:40312 rdkafka #7 > Metadata v12 request: topics=[{name=orders}] ...
//   09:30:00.126 127.0.0.1:40312 rdkafka #7 < Metadata v12 response: brokers=[...] ... (0.4 ms)
//   09:30:00.130 127.0.0.1:40312 rdkafka #1 > ApiVersions v9 request, unread: served are 0 to 5
//   09:31:10.501 127.0.0.1:40312 rdkafka - disconnected after 70.4 s and 12 requests
//
// The time in front is UTC's. The one beside an answer is the broker's, from the decoded request
// on. Produce with acks=0 gets no answer, and its line says so. A client that has said who it is
// has its principal before its client id.
//
// Invariant: a line is one line, whatever a client has called itself, and shows no secret.

import { formatAddress } from "../../base/address.ts";
import { escaped, quotedUnless } from "../../base/visible.ts";
import {
  type AnyApi,
  decodeAssignment,
  decodeSubscription,
  type RequestHeader,
  traceMessage,
} from "../../protocol/mod.ts";
import type { NameOfId } from "../../protocol/message_topics.ts";
import type { Clock, Codecs } from "../../runtime/ports.ts";
import { isSecretKey } from "../config/secrets.ts";
import type { Handler } from "../handler.ts";
import { anonymous, principalText, type Session } from "./session.ts";
import { areConnectionsTraced, isTraced, type TraceFilter } from "./trace_filter.ts";
import { describeRecords } from "./trace_records.ts";

/** Client ids and topics that need no quotes to be told from what stands around them. */
const plainName = /^[\w.:/@+-]+$/;

export interface TracerOptions {
  /** Takes the lines. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** Unpacks records, to show the first ones. */
  readonly codecs: Codecs;
  /** What is shown. */
  readonly filter: TraceFilter;
  /** Names of topics that a request has the ids of. */
  readonly nameOfId: NameOfId;
}

/** Who writes the trace that a broker is to have; undefined: it has none. */
export function tracerOf(
  of: {
    readonly trace?: (line: string) => void;
    readonly traceFilter?: TraceFilter;
    readonly runtime: { readonly clock: Clock; readonly codecs: Codecs };
  },
  nameOfId: NameOfId,
): Tracer | undefined {
  const { trace: write, traceFilter: filter = {}, runtime: { clock, codecs } } = of;
  return write && new Tracer({ write, clock, codecs, filter, nameOfId });
}

/** Writes the lines of a trace. */
export class Tracer {
  readonly #options: TracerOptions;
  /** Of requests that are shown. */
  readonly #startedMs = new WeakMap<RequestHeader, number>();
  readonly #requests = new WeakMap<Session, number>();
  readonly #describing: Pick<
    Parameters<typeof traceMessage>[2],
    "describeBytes" | "isSecretKey"
  >;

  constructor(options: TracerOptions) {
    this.#options = options;
    const { codecs } = options;
    this.#describing = {
      describeBytes: (fieldName, bytes) => describeBytes(fieldName, bytes, codecs),
      isSecretKey,
    };
  }

  /** A client has connected; its end is told as well. */
  connected(session: Session): void {
    const { clock, filter } = this.#options;
    if (!areConnectionsTraced(filter)) return;
    const beganMs = clock.monotonic();
    this.#write(session, `+ connected to ${nameOf(session.listener.name)}`);
    session.onEnd(() => {
      const count = this.#requests.get(session) ?? 0;
      const after = `${((clock.monotonic() - beganMs) / 1000).toFixed(1)} s`;
      const requests = `${count} ${count === 1 ? "request" : "requests"}`;
      const why = session.refusal === undefined ? "" : `: ${session.refusal}`;
      const who = whoOf(session, session.clientId);
      this.#write(session, `${who} - disconnected after ${after} and ${requests}${why}`);
    });
  }

  /** A request has been decoded. */
  request(session: Session, header: RequestHeader, api: AnyApi, message: unknown): void {
    const { clock, filter, nameOfId } = this.#options;
    this.#requests.set(session, (this.#requests.get(session) ?? 0) + 1);
    if (!isTraced(filter, header, { message, nameOfId })) return;
    this.#startedMs.set(header, clock.monotonic());
    const text = traceMessage(api, message, {
      side: "request",
      version: header.apiVersion,
      ...this.#describing,
    });
    this.#write(session, `${callOf(session, header)} > ${text}`);
  }

  /** A request has been answered; `message` is undefined where it gets no answer. */
  response(session: Session, header: RequestHeader, api: AnyApi, message: unknown): void {
    const startedMs = this.#startedMs.get(header);
    if (startedMs === undefined) return;
    const tookMs = this.#options.clock.monotonic() - startedMs;
    const text = message === undefined
      ? `${api.name} v${header.apiVersion}: no answer (acks=0)`
      : traceMessage(api, message, {
        side: "response",
        version: header.apiVersion,
        ...this.#describing,
      });
    this.#write(session, `${callOf(session, header)} < ${text} (${tookMs.toFixed(1)} ms)`);
  }

  /** A request of a version that is not served was answered with UNSUPPORTED_VERSION, unread. */
  refusal(session: Session, header: RequestHeader, { api, serves }: Handler): void {
    const { filter, nameOfId } = this.#options;
    if (!isTraced(filter, header, { nameOfId })) return;
    const range = `served are ${serves.min} to ${serves.max}`;
    const text = `${api.name} v${header.apiVersion} request, unread: ${range}`;
    this.#write(session, `${callOf(session, header)} > ${text}`);
  }

  #write({ remote }: Session, text: string): void {
    const { clock, write } = this.#options;
    const time = new Date(clock.now()).toISOString().slice(11, -1);
    write(escaped(`${time} ${formatAddress(remote)} ${text}`));
  }
}

function callOf(session: Session, { clientId, correlationId }: RequestHeader): string {
  return `${whoOf(session, clientId)} #${correlationId}`;
}

function whoOf({ principal }: Session, clientId: string | null): string {
  const who = principal === anonymous ? "" : `${nameOf(principalText(principal))} `;
  return `${who}${nameOf(clientId ?? "-")}`;
}

function nameOf(text: string): string {
  return quotedUnless(plainName, text);
}

/** Record batches, and what consumers tell each other through the coordinator, in a few words. */
function describeBytes(
  fieldName: string,
  bytes: Uint8Array,
  codecs: Codecs,
): string | undefined {
  try {
    switch (fieldName) {
      case "records":
        return describeRecords(bytes, codecs);
      case "metadata":
        return `<subscribes to ${decodeSubscription(bytes).topics.map(nameOf).join(", ")}>`;
      case "assignment":
        return describeAssignment(bytes);
    }
  } catch {
    // Not what consumers send: other programs use the fields as they like.
  }
  return undefined;
}

function describeAssignment(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<nothing>";
  const { assignedPartitions } = decodeAssignment(bytes);
  const topics = assignedPartitions.map(({ topic, partitions }) =>
    `${nameOf(topic)} ${partitions.join("+")}`
  );
  return `<${topics.join(", ")}>`;
}
