// Stretches of a log that are older than Kafka 0.11: message sets, which no reader here knows.
// They are no damage, so nothing of them is cut, ever; `ottla log repair` puts v2 batches in their
// place.
//
// Invariant: a message counts as one only where it is whole and its checksum holds.

import type { Offset } from "../../base/ids.ts";
import { DecodeFault } from "../../base/faults.ts";
import {
  batchSizeOf,
  checkMessage,
  compressionOf,
  loadCompression,
  magicOf,
  type Message,
  type RuntimeCodecs,
  StoredMessages,
} from "../../records/mod.ts";
import type { OpenFile } from "../../runtime/ports.ts";
import { FileWindow } from "./scan.ts";

/** What is looked at of a message before its size is believed. */
const headBytes = 17;
/** More than any broker of that time has taken. */
const messageBytesMax = 256 * 1024 * 1024;

/** One message after the other, and whatever comes then. */
export interface OldMessages {
  readonly endPosition: number;
  /** Where the log goes on behind them. */
  readonly toOffset: Offset;
}

/** Why they are not read. */
export const oldMessagesReason = "messages of the format before Kafka 0.11, which " +
  "`ottla log repair` converts";

/** The messages at `position`, of offsets from `nextOffset` on; undefined: there are none. */
export async function oldMessagesAt(
  window: FileWindow,
  at: { readonly position: number; readonly nextOffset: Offset },
): Promise<OldMessages | undefined> {
  let { position: endPosition, nextOffset: toOffset } = at;
  while (true) {
    const message = await messageAt(window, endPosition);
    if (message === undefined) break;
    const offset = Number(message.offset);
    if (offset < toOffset || !Number.isSafeInteger(offset)) break;
    endPosition += message.sizeBytes;
    toOffset = offset + 1;
  }
  return endPosition === at.position ? undefined : { endPosition, toOffset };
}

/** Hands v2 batches of the messages in a stretch of `file` to `write`. */
export async function convertMessages(
  file: OpenFile,
  { position, endPosition, codecs, write }: {
    readonly position: number;
    readonly endPosition: number;
    readonly codecs: RuntimeCodecs;
    readonly write: (batch: Uint8Array) => void;
  },
): Promise<void> {
  const window = new FileWindow(file);
  const batches = new StoredMessages(codecs, write);
  for (let next = position; next < endPosition;) {
    const message = await messageAt(window, next);
    if (message === undefined) throw new DecodeFault(`no message is left at ${next}`);
    await loadCompression(compressionOf(message.attributes) ?? "none");
    batches.add(message);
    next += message.sizeBytes;
  }
  batches.end();
}

async function messageAt(window: FileWindow, position: number): Promise<Message | undefined> {
  const head = await window.view(position, headBytes);
  if (head.length < headBytes || magicOf(head) > 1) return undefined;
  const size = batchSizeOf(head);
  if (size < headBytes || size > Math.min(messageBytesMax, window.size - position)) {
    return undefined;
  }
  const check = checkMessage(await window.view(position, size), 0);
  return "message" in check ? check.message : undefined;
}
