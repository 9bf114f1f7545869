// Numbers and strings with a meaning. A flavour keeps an Offset from being passed where a
// PartitionId is due, while plain arithmetic (`offset + 1`) stays plain: a bare number fits every
// flavour.

import type { Int64 } from "./int64.ts";
import { byteAt, uint16At } from "./items.ts";

/** A type that says what it is of; nothing ever has the field. */
export type Flavour<T, Name extends string> = T & { readonly flavour?: Name };

/**
 * Position of a record in a partition, 0 and up; -1 means unknown. int64 on the wire, where a peer
 * may say more than a log can reach: what it says is an Int64 until it was compared with a log.
 */
export type Offset = Flavour<number, "Offset">;
/** Index of a partition within its topic, 0 and up. int32 on the wire. */
export type PartitionId = Flavour<number, "PartitionId">;
/** Node id of a broker; -1 means none. int32 on the wire. */
export type BrokerId = Flavour<number, "BrokerId">;
/** Term of a partition's leader (KIP-101); -1 means unknown. int32 on the wire. */
export type LeaderEpoch = Flavour<number, "LeaderEpoch">;
/** Id of an idempotent or transactional producer (KIP-98); -1 means none. int64 on the wire. */
export type ProducerId = Flavour<Int64, "ProducerId">;
/** 16 bytes in Kafka's textual form: 22 characters of unpadded base64url. */
export type Uuid = Flavour<string, "Uuid">;

/** The all-zero UUID, which Kafka reads as "no id". */
export const ZERO_UUID: Uuid = "AAAAAAAAAAAAAAAAAAAAAA";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const valueOf = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) valueOf[alphabet.charCodeAt(i)] = i;

/** Text of the 16 bytes at `start`. */
export function uuidFromBytes(bytes: Uint8Array, start = 0): Uuid {
  let text = "";
  for (let i = start; i < start + 15; i += 3) {
    const group = (uint16At(bytes, i) << 8) | byteAt(bytes, i + 2);
    text += letter(group >> 18) + letter(group >> 12) + letter(group >> 6) + letter(group);
  }
  const last = byteAt(bytes, start + 15);
  return text + letter(last >> 2) + letter(last << 4);
}

/** The letter of the lowest six bits. */
function letter(bits: number): string {
  return alphabet.charAt(bits & 63);
}

/** Writes the 16 bytes of `uuid` at `start`. The text must pass {@link isUuid}. */
export function uuidToBytes(uuid: Uuid, into: Uint8Array, start = 0): void {
  let bits = 0;
  let bitCount = 0;
  let position = start;
  for (let i = 0; i < 22; i++) {
    bits = ((bits << 6) | byteAt(valueOf, uuid.charCodeAt(i))) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8 && position < start + 16) {
      bitCount -= 8;
      into[position++] = (bits >> bitCount) & 0xff;
    }
  }
}

/** Whether `text` is the textual form of a UUID. */
export function isUuid(text: string): text is Uuid {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text);
}

/**
 * The UUID that a file written by anyone names: base64 of either alphabet, with or without its
 * padding. Undefined where it is not 16 bytes.
 */
export function parseUuid(text: string): Uuid | undefined {
  const plain = /^([A-Za-z0-9_+/-]{22})(?:==)?$/.exec(text)?.[1];
  if (plain === undefined) return undefined;
  const bytes = new Uint8Array(16);
  uuidToBytes(plain.replaceAll("+", "-").replaceAll("/", "_"), bytes);
  return uuidFromBytes(bytes);
}

/** The digit of base64url that is written "-". */
const minusDigit = 62;

/**
 * A version-4 UUID from 16 random bytes, which it overwrites in place. It does not begin with "-",
 * as none of Kafka's does: on a command line it would be an option.
 */
export function uuidFromRandom(random: Uint8Array): Uuid {
  const first = byteAt(random, 0);
  if (first >> 2 === minusDigit) random[0] = first & 0x7f;
  random[6] = (byteAt(random, 6) & 0x0f) | 0x40;
  random[8] = (byteAt(random, 8) & 0x3f) | 0x80;
  return uuidFromBytes(random);
}
