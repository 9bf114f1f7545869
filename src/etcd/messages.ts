// etcd's v3 API as its JSON gateway speaks it: 64-bit integers are strings, bytes are base64, and
// what is zero, false or the first of an enum is left out.
//
//   /v3/kv/range  /v3/kv/txn  /v3/lease/grant  /v3/lease/keepalive  /v3/lease/revoke  /v3/watch
//
// Keys of ours are text. Invariant: nothing that a server says is believed before it is checked;
// what does not parse is a DecodeFault.

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";

/** A key as it is stored. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** "0" without one. */
  readonly lease: string;
}

/** What must hold for a transaction to be carried out. Revision 0: there is no such key. */
export type Compare =
  | { readonly key: string; readonly target: "create" | "mod"; readonly revision: number }
  /** No key that begins so was put after `revision`. */
  | { readonly under: string; readonly revision: number };

/** One operation of a transaction. */
export type Operation =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: string }
  | { readonly delete: string }
  /** All keys that begin so. */
  | { readonly deleteUnder: string }
  | { readonly get: string };

/** A transaction: `success` when all of `compare` holds, otherwise `failure`. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  /** Keys whose values are told when it is not carried out. */
  readonly failure: readonly string[];
}

/** How a transaction ended. */
export interface TransactionResult {
  readonly succeeded: boolean;
  readonly revision: number;
  /** What was asked for by `get`, or by `failure`, where it is there. */
  readonly found: readonly KeyValue[];
}

/** One event of a watch: `value` is undefined when the key was deleted. */
export interface WatchEvent {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: string;
}

/** Bytes converted at a time: a call takes so many arguments. */
const stringBytesMax = 8_192;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += stringBytesMax) {
    text += String.fromCharCode(...bytes.subarray(start, start + stringBytesMax));
  }
  return btoa(text);
}

function base64Text(text: string): string {
  return base64(utf8(text));
}

/** The end of the keys that begin with `prefix`. */
function endOf(prefix: string): string {
  const end = utf8(prefix);
  end[end.length - 1]! += 1;
  return base64(end);
}

/** The range of all keys that begin with `prefix`, or of those from `from` on. */
export function rangeOf(prefix: string, from = prefix): { key: string; range_end: string } {
  return { key: base64Text(from), range_end: endOf(prefix) };
}

/** The body of a request for a transaction. */
export function transactionBody({ compare, success, failure }: Transaction): string {
  return JSON.stringify({
    compare: compare.map(compareBody),
    success: success.map(operationBody),
    failure: failure.map((key) => operationBody({ get: key })),
  });
}

function compareBody(compare: Compare) {
  const { revision } = compare;
  if ("under" in compare) {
    const range = rangeOf(compare.under);
    return { ...range, result: "LESS", target: "MOD", mod_revision: String(revision + 1) };
  }
  const key = base64Text(compare.key);
  return compare.target === "mod"
    ? { key, result: "EQUAL", target: "MOD", mod_revision: String(revision) }
    : { key, result: "EQUAL", target: "CREATE", create_revision: String(revision) };
}

function operationBody(operation: Operation) {
  if ("put" in operation) {
    const { put, value, lease } = operation;
    return { request_put: { key: base64Text(put), value: base64(value), lease } };
  }
  if ("delete" in operation) {
    return { request_delete_range: { key: base64Text(operation.delete) } };
  }
  if ("deleteUnder" in operation) return { request_delete_range: rangeOf(operation.deleteUnder) };
  return { request_range: { key: base64Text(operation.get) } };
}

type Json = Readonly<Record<string, unknown>>;

/** What a server has sent as JSON: an object. */
export function parseObject(text: string): Json {
  try {
    return objectOf(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DecodeFault("etcd has answered what is no JSON", { cause: error });
  }
}

/** A field that is an object; one that is absent is empty. */
export function objectOf(value: unknown): Json {
  if (value === undefined || value === null) return {};
  if (typeof value === "object") return value as Json;
  throw new DecodeFault("etcd has answered a value where an object belongs");
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new DecodeFault("etcd has answered no list where one belongs");
}

/** A 64-bit integer that counts something, so it stays far below 2^53. */
export function countOf(value: unknown): number {
  const count = Number(value ?? 0);
  if (Number.isSafeInteger(count)) return count;
  throw new DecodeFault(`etcd has answered ${String(value)} where a number belongs`);
}

/** A 64-bit integer as text: an id. */
export function idOf(value: unknown): string {
  return value === undefined ? "0" : String(value);
}

function bytesOf(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array(0);
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    throw new DecodeFault("etcd has answered bytes that are no base64");
  }
  const text = atob(value);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A stored key. */
function keyValueOf(value: unknown): KeyValue {
  const { key, value: bytes, create_revision, mod_revision, lease } = objectOf(value);
  return {
    key: fromUtf8(bytesOf(key)),
    value: bytesOf(bytes),
    createRevision: countOf(create_revision),
    modRevision: countOf(mod_revision),
    lease: idOf(lease),
  };
}

/** The stored keys of a range's answer. */
export function keyValuesOf(value: unknown): readonly KeyValue[] {
  return listOf(value).map(keyValueOf);
}

/** The result of a transaction. */
export function transactionResultOf(answer: Json): TransactionResult {
  const found = listOf(answer.responses).flatMap((response) =>
    keyValuesOf(objectOf(objectOf(response).response_range).kvs)
  );
  return {
    succeeded: answer.succeeded === true,
    revision: countOf(objectOf(answer.header).revision),
    found,
  };
}

/** The events of a watch's answer. */
export function watchEventsOf(value: unknown): readonly WatchEvent[] {
  return listOf(value).map((event) => {
    const { type, kv } = objectOf(event);
    const { value, ...rest } = keyValueOf(kv);
    return { ...rest, value: type === "DELETE" ? undefined : value };
  });
}
