// `--trace`: every request and response decoded, a line each, for learning and for debugging.
//
//   127.0.0.1:40312 rdkafka #7 > Metadata v12 request: topics=[{name=orders}] ...
//   127.0.0.1:40312 rdkafka #7 < Metadata v12 response: brokers=[{nodeId=1 ...}] ... (0.4 ms)
//   127.0.0.1:40312 rdkafka #1 > ApiVersions v9 request, unread: served are 0 to 5
//
// The time beside an answer is the broker's, from the decoded request on. Produce with acks=0 gets
// no answer, and its line says so. A client that has said who it is has its principal before its
// client id.
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
import { batchPositions, compressionOf, readBatchHeader } from "../../records/mod.ts";
import { isSecretKey } from "../config/secrets.ts";
import type { Handler } from "../handler.ts";
import { anonymous, principalText, type Session } from "./session.ts";

/** Client ids and topics that need no quotes to be told from what stands around them. */
const plainName = /^[\w.:/@+-]+$/;

/** Writes the lines of a trace. */
export class Tracer {
  readonly #write: (line: string) => void;
  readonly #monotonic: () => number;
  readonly #startedMs = new WeakMap<RequestHeader, number>();

  constructor(write: (line: string) => void, monotonic: () => number) {
    this.#write = (line) => write(escaped(line));
    this.#monotonic = monotonic;
  }

  /** A request has been decoded. */
  request(session: Session, header: RequestHeader, api: AnyApi, message: unknown): void {
    this.#startedMs.set(header, this.#monotonic());
    const text = traceMessage(api, message, {
      side: "request",
      version: header.apiVersion,
      ...describing,
    });
    this.#write(`${caption(session, header)} > ${text}`);
  }

  /** A request has been answered; `message` is undefined where it gets no answer. */
  response(session: Session, header: RequestHeader, api: AnyApi, message: unknown): void {
    const tookMs = this.#monotonic() - (this.#startedMs.get(header) ?? this.#monotonic());
    const text = message === undefined
      ? `${api.name} v${header.apiVersion}: no answer (acks=0)`
      : traceMessage(api, message, {
        side: "response",
        version: header.apiVersion,
        ...describing,
      });
    this.#write(`${caption(session, header)} < ${text} (${tookMs.toFixed(1)} ms)`);
  }

  /** A request of a version that is not served was answered with UNSUPPORTED_VERSION, unread. */
  refusal(session: Session, header: RequestHeader, { api, serves }: Handler): void {
    const range = `served are ${serves.min} to ${serves.max}`;
    const text = `${api.name} v${header.apiVersion} request, unread: ${range}`;
    this.#write(`${caption(session, header)} > ${text}`);
  }
}

function caption({ remote, principal }: Session, { clientId, correlationId }: RequestHeader) {
  const who = principal === anonymous ? "" : `${nameOf(principalText(principal))} `;
  return `${formatAddress(remote)} ${who}${nameOf(clientId ?? "-")} #${correlationId}`;
}

function nameOf(text: string): string {
  return quotedUnless(plainName, text);
}

/** Record batches, and what consumers tell each other through the coordinator, in a few words. */
function describeBytes(fieldName: string, bytes: Uint8Array): string | undefined {
  try {
    switch (fieldName) {
      case "records":
        return describeRecords(bytes);
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

const describing = { describeBytes, isSecretKey };

function describeRecords(bytes: Uint8Array): string {
  const batches = batchPositions(bytes).map((position) => readBatchHeader(bytes, position));
  const [first] = batches;
  if (first === undefined) return "<none>";
  const count = batches.reduce((sum, { recordCount }) => sum + recordCount, 0);
  const codecs = new Set(batches.map(({ attributes }) => compressionOf(attributes)));
  return [
    `<${count} ${count === 1 ? "record" : "records"} in ${batches.length}`,
    `${batches.length === 1 ? "batch" : "batches"} from offset ${first.baseOffset}`,
    `(${[...codecs].join(", ")}), ${bytes.length} bytes>`,
  ].join(" ");
}

function describeAssignment(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<nothing>";
  const { assignedPartitions } = decodeAssignment(bytes);
  const topics = assignedPartitions.map(({ topic, partitions }) =>
    `${nameOf(topic)} ${partitions.join("+")}`
  );
  return `<${topics.join(", ")}>`;
}
