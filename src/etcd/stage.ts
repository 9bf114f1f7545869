// A change of the metadata that one transaction cannot hold: etcd takes 128 operations and 1.5 MB.
//
//   parts --> stage/<by>/<nonce>/<n>      seen by all, and nothing yet
//   structure = {pending}                 decided: from this revision on everybody's image has it
//   each part --> its keys under m/       rolled forward, by whoever gets to it: its transaction
//                                         deletes the part, so it happens once
//   structure = {}                        and the next change can be made
//
// While it is pending nothing else can be changed, since every change compares `structure`.
// Invariant: the image has all of it or nothing, whoever dies when.

import { fromUtf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { EntityChanges } from "../cluster/mod.ts";
import { entityPrefix, jsonBytes } from "./keys.ts";
import type { Operation } from "./messages.ts";

/** etcd's own bound is 128 (--max-txn-ops), for comparisons as well; some are ours. */
export const comparisonsMax = 120;
export const operationsMax = 120;
/** etcd's own bound is 1.5 MiB (--max-request-bytes). */
const operationBytesMax = 1024 * 1024;
/** A part is JSON with base64 in it, and is unpacked into operations of its own. */
const partBytesMax = operationBytesMax / 2;

/** An operation below m/, with a key relative to the cluster's prefix. */
export type EntityOperation = Exclude<Operation, { readonly get: string }>;

/** The operations that carry `changes` out. */
export function operationsOf({ puts, deletes, deletesUnder }: EntityChanges): EntityOperation[] {
  const operations: EntityOperation[] = [];
  for (const key of deletes) operations.push({ delete: entityPrefix + key });
  for (const prefix of deletesUnder) operations.push({ deleteUnder: entityPrefix + prefix });
  for (const [key, value] of puts) operations.push({ put: entityPrefix + key, value });
  return operations;
}

/** Bytes that an operation takes of a request. */
function bytesOf(operation: EntityOperation): number {
  if ("put" in operation) return operation.put.length + operation.value.length + 32;
  return ("delete" in operation ? operation.delete : operation.deleteUnder).length + 32;
}

/** Whether one transaction of so many at most holds them, beside `comparisons`. */
export function fitsOne(
  operations: readonly EntityOperation[],
  { comparisons, operationsMax }: {
    readonly comparisons: number;
    readonly operationsMax: number;
  },
): boolean {
  if (operations.length > operationsMax || comparisons > comparisonsMax) return false;
  let bytes = 0;
  for (const operation of operations) bytes += bytesOf(operation);
  return bytes <= operationBytesMax;
}

/** Operations in parts, each of which one transaction holds. */
export function partsOf(
  operations: readonly EntityOperation[],
  operationsMax: number,
): EntityOperation[][] {
  const parts: EntityOperation[][] = [];
  let bytes = Infinity;
  for (const operation of operations) {
    const added = bytesOf(operation);
    const last = parts.at(-1);
    if (last === undefined || last.length >= operationsMax || bytes + added > partBytesMax) {
      parts.push([operation]);
      bytes = added;
    } else {
      last.push(operation);
      bytes += added;
    }
  }
  return parts;
}

/** A part as the value of its key. */
export function encodePart(operations: readonly EntityOperation[]): Uint8Array {
  return jsonBytes(operations.map((operation) => {
    if ("put" in operation) {
      return ["put", operation.put, Array.from(operation.value, hex).join("")];
    }
    return "delete" in operation
      ? ["delete", operation.delete]
      : ["deleteUnder", operation.deleteUnder];
  }));
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** The operations of a part. Throws DecodeFault on what is none. */
export function decodePart(value: Uint8Array): EntityOperation[] {
  const parsed: unknown = JSON.parse(fromUtf8(value));
  if (!Array.isArray(parsed)) throw new DecodeFault("a staged change in etcd is no list");
  return parsed.map((operation) => {
    const [kind, key, text] = operation as string[];
    if (key?.startsWith(entityPrefix)) {
      if (kind === "delete") return { delete: key };
      if (kind === "deleteUnder") return { deleteUnder: key };
      if (kind === "put" && text !== undefined) return { put: key, value: unhex(text) };
    }
    throw new DecodeFault("a staged change in etcd has an operation that is none of ours");
  });
}

function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}
