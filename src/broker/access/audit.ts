// The audit log (`ottla.audit.log`): who has come in or was kept out, who was denied what, and who
// has changed what. A line of JSON each, in a file of its own:
//
//   {"at":"2026-…Z","event":"authentication","outcome":"refused","mechanism":"PLAIN","host":…}
//   {"at":"2026-…Z","event":"denied","principal":"User:bob","api":"Produce","named":["orders"],…}
//   {"at":"2026-…Z","event":"change","principal":"User:alice","asked":"CreateTopics v7 …",…}
//
//   audit.log ──ottla.audit.log.bytes──> audit.log.1 ──> audit.log.2 … the last one is removed
//
// What is refused in the same words again and again is written once in ten seconds, with how often.
// Invariant: what is asked is told as a trace tells it (protocol/trace.ts), so no password, token,
// key or record is in a line. A line that cannot be written is told in the broker's log, and keeps
// nobody from being served.

import { utf8 } from "../../base/bytes.ts";
import { isPlatformFault, messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import {
  type AnyApi,
  ErrorCode,
  errorName,
  type RequestHeader,
  traceMessage,
} from "../../protocol/mod.ts";
import { visitErrors } from "../../protocol/response_errors.ts";
import type { Clock, Files, Logger, OpenFile } from "../../runtime/ports.ts";
import { isSecretKey } from "../config/secrets.ts";
import { principalText, type Session, type SessionLogin } from "../network/session.ts";

export interface AuditLogOptions {
  /** A file, or "stderr". */
  readonly path: string;
  /** It is begun anew past so many bytes, and so many older ones are kept. */
  readonly bytesMax: number;
  readonly olderMax: number;
  /** Where other brokers of the cluster ask; absent: there are none. */
  readonly peersListener?: string | undefined;
  readonly files: Files;
  readonly stderr: (text: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request that has been answered. */
export interface Answered {
  readonly api: AnyApi;
  readonly header: Pick<RequestHeader, "clientId" | "apiVersion">;
  readonly message: unknown;
  readonly response: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** Refusals in the same words: how often since the first, and when that was. */
interface Repeated {
  readonly sinceMs: number;
  readonly fields: Fields;
  count: number;
}

/**
 * What changes topics, groups, configuration, access rules, users, quotas, tokens, features and
 * brokers. By their numbers: most of these tables are not loaded while nobody asks.
 */
const changingKeys: ReadonlySet<number> = new Set([
  19, // CreateTopics
  20, // DeleteTopics
  21, // DeleteRecords
  27, // WriteTxnMarkers: a transaction that is ended by hand
  30, // CreateAcls
  31, // DeleteAcls
  33, // AlterConfigs
  37, // CreatePartitions
  38, // CreateDelegationToken
  39, // RenewDelegationToken
  40, // ExpireDelegationToken
  42, // DeleteGroups
  43, // ElectLeaders: one that is unclean loses records
  44, // IncrementalAlterConfigs
  45, // AlterPartitionReassignments
  47, // OffsetDelete
  49, // AlterClientQuotas
  51, // AlterUserScramCredentials
  57, // UpdateFeatures
  64, // UnregisterBroker
  91, // AlterShareGroupOffsets
  92, // DeleteShareGroupOffsets
]);
/** What brokers ask each other, too, of which there is no end: that is nobody's change. */
const peersKeys: ReadonlySet<number> = new Set([27]);
const peerClientId = /^broker-\d+$/;
const denials: ReadonlySet<number> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
]);
const nameFields = ["name", "topic", "topicName", "groupId", "resourceName", "topicId", "user"];
const requestFields = ["groupId", "transactionalId", "key"];
const namedMax = 100;
const elementsMax = 200;
const lineCharactersMax = 16_384;
const repeatsMs = 10_000;
const repeatsMax = 1_000;

/** Opens the log. Throws UsageFault where it cannot be written. */
export function openAuditLog(options: AuditLogOptions): AuditLog {
  if (options.path === "stderr") return new AuditLog(options, undefined);
  try {
    return new AuditLog(options, options.files.open(options.path, "append"));
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    throw new UsageFault(`ottla.audit.log: ${messageOf(error)}`);
  }
}

/** One broker's audit log. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #repeated = new Map<string, Repeated>();
  #file: OpenFile | undefined;
  #size: number;

  constructor(options: AuditLogOptions, file: OpenFile | undefined) {
    this.#options = options;
    this.#file = file;
    this.#size = file?.size ?? 0;
  }

  /** A client has come in, or is kept out. */
  login(session: Session, { mechanism, refusal }: SessionLogin): void {
    const fields = { event: "authentication", ...whoOf(session), mechanism };
    if (refusal === undefined) return this.#write({ ...fields, outcome: "in" });
    this.#refused({ ...fields, principal: undefined, outcome: "refused", reason: refusal });
  }

  /** A handshake of TLS has come to nothing. */
  handshake(peer: { host: string; port: number }, on: { listener: string; reason: string }): void {
    const { host } = peer;
    this.#refused({ event: "authentication", host, mechanism: "TLS", outcome: "refused", ...on });
  }

  /** A request was answered: what was denied of it, and what it has changed. */
  answered(session: Session, { api, header, message, response }: Answered): void {
    if (response === undefined) return;
    const errors = new Set<string>();
    const denied = new Set<string>();
    visitErrors(api, response, (code) => {
      const name = errorName(code as ErrorCode);
      errors.add(name);
      if (denials.has(code)) denied.add(name);
    });
    const { clientId, apiVersion: version } = header;
    const fields = { ...whoOf(session), clientId, api: api.name, version };
    if (denied.size > 0) {
      const named = [...namesOf(response), ...requestNames(message)].slice(0, namedMax);
      this.#refused({ event: "denied", ...fields, errors: [...denied], named });
    }
    if (!changingKeys.has(api.key) || this.#isOfPeer(session, { api, header })) return;
    const asked = traceMessage(api, message, {
      side: "request",
      version,
      isSecretKey,
      elementsMax,
    });
    this.#write({ event: "change", ...fields, asked, errors: [...errors] });
  }

  #isOfPeer({ listener }: Session, { api, header }: Pick<Answered, "api" | "header">): boolean {
    return peersKeys.has(api.key) && listener.name === this.#options.peersListener &&
      peerClientId.test(header.clientId ?? "");
  }

  /** Topics were made since a client has named them. */
  created(session: Session, topics: readonly string[]): void {
    if (topics.length === 0) return;
    const asked = `made by naming them: ${topics.slice(0, elementsMax).join(", ")}`;
    this.#write({ event: "change", ...whoOf(session), api: "Metadata", asked, errors: [] });
  }

  /** Refusals that are over are told of. To be called now and then. */
  sweep(): void {
    const nowMs = this.#options.clock.monotonic();
    for (const [key, { sinceMs, count, fields }] of this.#repeated) {
      if (nowMs - sinceMs < repeatsMs) continue;
      this.#repeated.delete(key);
      if (count > 0) this.#write({ ...fields, repeated: count });
    }
  }

  /** Nothing is written any more. */
  close(): void {
    for (const { count, fields } of this.#repeated.values()) {
      if (count > 0) this.#write({ ...fields, repeated: count });
    }
    this.#repeated.clear();
    this.#file?.close();
    this.#file = undefined;
  }

  #refused(fields: Fields): void {
    const { port: _, ...words } = fields;
    const key = JSON.stringify(words);
    const known = this.#repeated.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.#repeated.size < repeatsMax) {
      const sinceMs = this.#options.clock.monotonic();
      this.#repeated.set(key, { sinceMs, fields: words, count: 0 });
    }
    this.#write(fields);
  }

  #write(fields: Fields): void {
    const { path, stderr, clock, logger } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const line = lineOf({ at, ...fields });
    if (path === "stderr") return stderr(line);
    const bytes = utf8(line);
    try {
      if (this.#size > 0 && this.#size + bytes.length > this.#options.bytesMax) this.#rotate();
      this.#file ??= this.#options.files.open(path, "append");
      this.#file.append(bytes);
      this.#size += bytes.length;
    } catch (error) {
      if (!(error instanceof PlatformFault)) throw error;
      const message = "what clients do cannot be written to the audit log";
      logger.log("error", message, { reason: messageOf(error) });
    }
  }

  /** The file becomes the youngest of the older ones, of which the oldest goes. */
  #rotate(): void {
    const { path, files, olderMax } = this.#options;
    this.#file?.close();
    this.#file = undefined;
    this.#size = 0;
    if (olderMax === 0) files.remove(path);
    for (let age = olderMax; age > 0; age--) {
      const from = age === 1 ? path : `${path}.${age - 1}`;
      try {
        files.rename(from, `${path}.${age}`);
      } catch (error) {
        if (!isPlatformFault(error, "NotFound")) throw error;
      }
    }
  }
}

function whoOf({ principal, remote, listener }: Session) {
  const { host, port } = remote;
  return { principal: principalText(principal), host, port, listener: listener.name };
}

/** One line, which is cut where it would be too long to be read. */
function lineOf(fields: Fields): string {
  const text = JSON.stringify(fields).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length <= lineCharactersMax) return `${text}\n`;
  const { asked } = fields;
  const shorter = typeof asked === "string" ? asked.slice(0, lineCharactersMax / 2) : undefined;
  return `${JSON.stringify({ ...fields, named: undefined, asked: shorter, isCut: true })}\n`;
}

/** What the refused items of an answer are about. */
function namesOf(response: unknown): string[] {
  const names = new Set<string>();
  visit(response, undefined, names);
  return [...names];
}

function visit(value: unknown, above: string | undefined, names: Set<string>): void {
  if (names.size >= namedMax || typeof value !== "object" || value === null) return;
  if (value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const each of value) visit(each, above, names);
    return;
  }
  const struct = value as Fields;
  const own = nameFields.map((field) => struct[field]).find((name) => typeof name === "string");
  const name = typeof own === "string" ? own : above;
  if (denials.has(Number(struct["errorCode"])) && name !== undefined) names.add(name);
  for (const inner of Object.values(struct)) visit(inner, name, names);
}

function requestNames(message: unknown): string[] {
  const struct = message as Fields;
  return requestFields.flatMap((field) => {
    const name = struct[field];
    return typeof name === "string" && name !== "" ? [name] : [];
  });
}
