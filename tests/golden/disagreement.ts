// Whether two programs write a message with the same bytes, and if not, where they part.
//
//   FetchResponse v12: byte 41 is 02, not 03, at responses[0].partitions[1].errorCode
//
// A position is named by measuring: a field's size is what a table of that field alone writes.

import { bytesEqual, BytesReader, BytesWriter } from "../../src/base/bytes.ts";
import { messageOf } from "../../src/base/faults.ts";
import {
  type AnyMessage,
  type Field,
  type Fields,
  inRange,
  record,
  type WireType,
} from "../../src/protocol/schema.ts";
import type { Frame } from "./frames.ts";

type Message = Record<string, unknown>;

/** The bytes of `message` by its table. */
export function encoded(table: AnyMessage, message: unknown, version: number): Uint8Array {
  const writer = new BytesWriter();
  table.encode(writer, message as never, version);
  return writer.finish();
}

/** What is wrong with how we read and write Kafka's bytes again; undefined when nothing is. */
export function disagreement(table: AnyMessage, frame: Frame): string | undefined {
  const { version, body } = frame;
  const title = `${frame.name} v${version}`;
  if (frame.refusal !== undefined) return `${title}: ${frame.refusal}`;
  let message: Message;
  let ours: Uint8Array;
  try {
    const reader = new BytesReader(body);
    message = table.decode(reader, version);
    if (reader.remaining > 0) return `${title}: ${reader.remaining} bytes are left over`;
    ours = encoded(table, message, version);
  } catch (error) {
    return `${title}: ${messageOf(error)}`;
  }
  return difference(table, { ...frame, message, ours });
}

/** Where `ours` parts from the body, both being `message`; undefined when they are equal. */
export function difference(
  table: AnyMessage,
  { name, version, body, message, ours }: Frame & { message: Message; ours: Uint8Array },
): string | undefined {
  if (bytesEqual(ours, body)) return undefined;
  let position = 0;
  while (position < body.length && ours[position] === body[position]) position++;
  const hex = (byte: number | undefined) => byte?.toString(16).padStart(2, "0") ?? "the end";
  const flexible = version >= table.flexibleFrom;
  const field = fieldAt(table.fields, { version, flexible, message, position });
  return `${name} v${version}: byte ${position} is ${hex(ours[position])} here, ` +
    `${hex(body[position])} in Kafka, at ${field}`;
}

interface Place {
  readonly version: number;
  readonly flexible: boolean;
  readonly message: Message;
  /** Counted from where the message begins. */
  readonly position: number;
}

/** The path of the field that covers a position of the encoded message. */
export function fieldAt(fields: Fields, place: Place): string {
  let { position } = place;
  for (const [name, field] of Object.entries(fields)) {
    if (field.tag >= 0 || !inRange(place.version, field.versions)) continue;
    const value = place.message[name];
    const size = sizeOf(field, value, place);
    if (position < size) {
      const marked = field.wire.kind === "struct" && inRange(place.version, field.nullableVersions);
      if (marked && position === 0) return name;
      const inner = { ...place, position: marked ? position - 1 : position };
      return `${name}${within(field.wire, value, inner)}`;
    }
    position -= size;
  }
  return place.flexible ? "the tagged fields" : "the end";
}

/** What follows the name of a field, down to the innermost one at the position. */
function within(wire: WireType, value: unknown, place: Place): string {
  if (value === null) return "";
  if (wire.kind === "struct") {
    return `.${fieldAt(wire.fields, { ...place, message: value as Message })}`;
  }
  if (wire.kind !== "array") return "";
  const list = value as readonly unknown[];
  const element = { ...bareField, wire: wire.element };
  const sizes = list.map((each) => sizeOf(element, each, place));
  const count = sizeOf({ ...bareField, wire }, list, place) - sizes.reduce((a, b) => a + b, 0);
  let position = place.position - count;
  if (position < 0) return ".length";
  for (const [i, size] of sizes.entries()) {
    if (position < size) return `[${i}]${within(wire.element, list[i], { ...place, position })}`;
    position -= size;
  }
  return "";
}

const bareField = {
  versions: { min: 0, max: 32767 },
  nullableVersions: { min: 0, max: -1 },
  default: undefined,
  tag: -1,
  neverCompact: false,
  essential: false,
  isConfigValue: false,
} as unknown as Field;

function sizeOf(field: Field, value: unknown, { version, flexible }: Place): number {
  const alone = record({
    name: "alone",
    versions: `${version}`,
    flexible: flexible ? "0+" : "none",
    fields: { value: field },
  });
  return encoded(alone, { value }, version).length - (flexible ? 1 : 0);
}
