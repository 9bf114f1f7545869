// The keys of a cluster, all below `/ottla/<name>/`, and what their values are. Those of the
// metadata are binary (src/cluster/image/entities.ts), the others JSON.
//
//   format            {v, clusterId, movedTo?}  what cluster this is (moving.ts)
//   m/...             the metadata: a record of Kafka's for each entity
//   structure         {pending?}                changes with all of m/ but partitions that exist
//   stage/<by>/<nonce>/<n>                      parts of a change that one transaction cannot hold
//   live/<id>         {incarnation, directory}  leased; its create revision is the broker epoch
//   controller        {brokerId, term}          leased
//   term              {term}                    of the last controller
//   tick              {atMs}                    the controller changes it: a sign of life
//   seen/<id>/...                               how far its logs go (reports.ts); leased
//   last/<by>         {nonce}                   the last change that `by` has made
//
// Invariant: whoever puts or deletes below m/ compares `structure`, and the partitions it changes.

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { type BrokerId, isUuid, type LeaderEpoch, type Uuid } from "../base/ids.ts";

/** What `format` says first: what the keys mean. A later one is refused. */
const formatVersion = 1;

/** Where the metadata's own keys are. */
export const entityPrefix = "m/";

export const Key = {
  FORMAT: "format",
  STRUCTURE: "structure",
  CONTROLLER: "controller",
  TERM: "term",
  TICK: "tick",
} as const;

/** The prefix of all keys of the cluster `name`. */
export function clusterPrefix(name: string): string {
  return `/ottla/${name}/`;
}

export function liveKey(brokerId: BrokerId): string {
  return `live/${brokerId}`;
}

/** Who changes: a broker, or one run of a program of its operator, by a name of its own. */
export type Writer = BrokerId | `tool-${string}`;

export function lastKey(by: Writer): string {
  return `last/${by}`;
}

/** The change of which parts are staged. */
export interface Staged {
  readonly by: Writer;
  readonly nonce: string;
}

export function stagePrefix(by: Writer): string {
  return `stage/${by}/`;
}

/** Where the parts of a staged change are. */
export function stagedPrefix({ by, nonce }: Staged): string {
  return `${stagePrefix(by)}${nonce}/`;
}

/** The broker whose life a key tells; undefined: it is another key. */
export function brokerOfLiveKey(key: string): BrokerId | undefined {
  const id = /^live\/(\d{1,10})$/.exec(key)?.[1];
  return id === undefined ? undefined : Number(id);
}

export function jsonBytes(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function fieldsOf(key: string, value: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(fromUtf8(value));
    if (typeof fields === "object" && fields !== null) return fields as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DecodeFault(`the value of ${key} in etcd is none of ours`);
}

/** What cluster there is. */
export interface FormatValue {
  readonly clusterId: Uuid;
  /** The broker whose own log has the metadata now. */
  readonly movedTo?: BrokerId;
}

/** What cluster it is. Throws DecodeFault where the keys are of a newer kind. */
export function parseFormat(value: Uint8Array): FormatValue {
  const { v, clusterId, movedTo } = fieldsOf(Key.FORMAT, value);
  if (v !== formatVersion) {
    throw new DecodeFault(`the cluster in etcd has format ${String(v)}, and 1 can be read`);
  }
  if (typeof clusterId !== "string" || !isUuid(clusterId)) {
    throw new DecodeFault(`the cluster in etcd has the id ${String(clusterId)}, which is none`);
  }
  return { clusterId, ...typeof movedTo === "number" && { movedTo } };
}

export function formatBytes(format: FormatValue): Uint8Array {
  return jsonBytes({ v: formatVersion, ...format });
}

/** Who is the controller, in which term. */
export interface ControllerValue {
  readonly brokerId: BrokerId;
  readonly term: LeaderEpoch;
}

export function parseController(value: Uint8Array): ControllerValue {
  const { brokerId, term } = fieldsOf(Key.CONTROLLER, value);
  return { brokerId: Number(brokerId), term: Number(term) };
}

export function parseTerm(value: Uint8Array | undefined): LeaderEpoch {
  return value === undefined ? 0 : Number(fieldsOf(Key.TERM, value).term);
}

/** The process that a life is of, and the data directory that it has locked. */
export interface LiveValue {
  readonly incarnation: string;
  readonly directory: Uuid | undefined;
}

export function parseLive(value: Uint8Array): LiveValue {
  const { incarnation, directory } = fieldsOf("live", value);
  return {
    incarnation: String(incarnation),
    directory: typeof directory === "string" ? directory : undefined,
  };
}

/** The staged change that is decided, and not carried into its keys yet. */
export function parsePending(value: Uint8Array | undefined): Staged | undefined {
  if (value === undefined) return undefined;
  const { pending } = fieldsOf(Key.STRUCTURE, value);
  if (typeof pending !== "object" || pending === null) return undefined;
  const { by, nonce } = pending as Record<string, unknown>;
  const tool = /^tool-(.*)$/.exec(String(by))?.[1];
  return { by: tool === undefined ? Number(by) : `tool-${tool}`, nonce: String(nonce) };
}

/** The nonce of the last change of a writer. */
export function parseLast(value: Uint8Array): string {
  return String(fieldsOf("last", value).nonce);
}
