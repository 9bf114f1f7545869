// Encoding: the mirror image of reading.ts, closures compiled per version. Layouts are drawn there.
//
// Never wrong bytes: a number out of its type's range, a string over 32,767 bytes, text that is no
// UUID, or null where the version has no null is an EncodeFault that names the field. A field that
// the version lacks is dropped, unless it is essential and not its default: an EncodeFault too.
// Responses mark nothing as essential: a broker says what it knows, and its version what is sent.

import { BytesWriter, utf8 } from "../base/bytes.ts";
import { EncodeFault } from "../base/faults.ts";
import type { Chunk } from "../base/file_part.ts";
import { isUuid } from "../base/ids.ts";
import { isInt64 } from "../base/int64.ts";
import { itemAt } from "../base/items.ts";
import type { Pieces } from "../base/pieces.ts";
import { holdsArray, pieceBytes, pieceWeight, stringBytesMax, type Target } from "./reading.ts";
import { defaultOf, type Field, type Fields, inRange, isDefault, type WireType } from "./types.ts";

/** Writes one value. */
export type Write = (writer: BytesWriter, value: unknown) => void;
/** The same in pieces. */
export type WritePieces = (writer: BytesWriter, value: unknown) => Pieces<void>;

interface Place {
  readonly name: string;
  readonly field: Field;
  readonly initial: unknown;
  readonly write: Write;
  readonly path: string;
}

interface Layout {
  readonly places: readonly Place[];
  readonly tags: readonly Place[];
  readonly mustNotBeLost: readonly Place[];
}

function layoutOf(fields: Fields, target: Target, path: string): Layout {
  const places: Place[] = [];
  const tags: Place[] = [];
  const mustNotBeLost: Place[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const at = `${path}.${name}`;
    const present = inRange(target.version, field.versions);
    const write = present ? compileWriter(field, target, at) : absentWriter(field, target, at);
    const place = { name, field, initial: defaultOf(field), write, path: at };
    if (present) (field.tag < 0 ? places : tags).push(place);
    else if (field.essential) mustNotBeLost.push(place);
  }
  tags.sort((a, b) => a.field.tag - b.field.tag);
  return { places, tags, mustNotBeLost };
}

/** Compiles the writer of a struct with `fields`; `path` names it in faults. */
export function compileStructWriter(fields: Fields, target: Target, path: string): Write {
  const { places, tags, mustNotBeLost } = layoutOf(fields, target, path);
  return (writer, value) => {
    const message = value as Record<string, unknown>;
    for (let i = 0; i < places.length; i++) {
      const { name, initial, write } = itemAt(places, i);
      const part = message[name];
      write(writer, part === undefined ? initial : part);
    }
    if (target.flexible) writeTags(writer, message, tags);
    if (mustNotBeLost.length === 0) return;
    for (const { name, write } of mustNotBeLost) write(writer, message[name]);
  };
}

/** The same in pieces, wherever a field is an array. */
export function compileStructPieces(fields: Fields, target: Target, path: string): WritePieces {
  const { places, tags, mustNotBeLost } = layoutOf(fields, target, path);
  const pieces = places.map((place) => arrayPieces(place, target));
  return function* (writer, value) {
    const message = value as Record<string, unknown>;
    for (const [i, { name, initial, write }] of places.entries()) {
      const part = message[name] === undefined ? initial : message[name];
      const inPieces = pieces[i];
      if (inPieces === undefined || part === null) write(writer, part);
      else yield* inPieces(writer, part);
    }
    if (target.flexible) writeTags(writer, message, tags);
    for (const { name, write } of mustNotBeLost) write(writer, message[name]);
  };
}

/** Undefined for a field that is no array. */
function arrayPieces({ field, path }: Place, target: Target): WritePieces | undefined {
  if (field.wire.kind !== "array") return undefined;
  const { element } = field.wire;
  const inner = { ...target, flexible: target.flexible && !field.neverCompact };
  const write = valueWriter(element, inner, `${path}[]`);
  const inPieces = element.kind === "struct" && holdsArray(element.fields, inner)
    ? compileStructPieces(element.fields, inner, `${path}[]`)
    : undefined;
  return function* (writer, value) {
    const list = value as readonly unknown[];
    writeCount(writer, list.length, inner);
    let pieceStart = writer.length;
    for (const each of list) {
      if (inPieces === undefined) write(writer, each);
      else yield* inPieces(writer, each);
      const bytes = writer.length - pieceStart;
      if (bytes < pieceBytes) continue;
      yield Math.min(bytes, pieceBytes) * pieceWeight;
      pieceStart = writer.length;
    }
  };
}

function absentWriter(field: Field, target: Target, path: string): Write {
  return (_writer, value) => {
    if (value === undefined || isDefault(field, value)) return;
    throw new EncodeFault(`${path} does not exist in version ${target.version}`);
  };
}

function writeTags(
  writer: BytesWriter,
  message: Record<string, unknown>,
  tags: readonly Place[],
): void {
  if (tags.length === 0) writer.uvarint(0);
  else writeSetTags(writer, message, tags);
}

/** Most tags take no more, and so little the engine has at hand. */
const tagBytes = 64;

function writeSetTags(
  writer: BytesWriter,
  message: Record<string, unknown>,
  tags: readonly Place[],
): void {
  const written = tags.filter(({ name, field }) =>
    message[name] !== undefined && !isDefault(field, message[name])
  );
  writer.uvarint(written.length);
  for (const { name, field, write } of written) {
    const content = new BytesWriter(tagBytes);
    write(content, message[name]);
    writer.uvarint(field.tag);
    writer.uvarint(content.length);
    for (const chunk of content.chunks()) writer.bytes(chunk);
  }
}

function compileWriter(field: Field, target: Target, path: string): Write {
  const inner = { ...target, flexible: target.flexible && !field.neverCompact };
  const write = valueWriter(field.wire, inner, path);
  const writeNull = nullWriter(field, inner);
  if (!inRange(target.version, field.nullableVersions)) {
    return (writer, value) => {
      if (value === null) throw new EncodeFault(`${path} is null in version ${target.version}`);
      write(writer, value);
    };
  }
  const marked = field.wire.kind === "struct";
  return (writer, value) => {
    if (value === null) return writeNull(writer);
    if (marked) writer.int8(1);
    write(writer, value);
  };
}

function nullWriter({ wire, tag }: Field, target: Target): (writer: BytesWriter) => void {
  if (wire.kind === "struct") return (writer) => writer.int8(tag < 0 ? -1 : 0);
  if (target.flexible) return (writer) => writer.uvarint(0);
  return wire.kind === "string" ? (writer) => writer.int16(-1) : (writer) => writer.int32(-1);
}

function valueWriter(wire: WireType, target: Target, path: string): Write {
  switch (wire.kind) {
    case "string": {
      const write = stringWriter(target.flexible, path);
      return /\.(errorMessage|statusDetail)$/.test(path) ? sentenceWriter(write) : write;
    }
    case "bytes":
    case "records":
      return bytesWriter(target.flexible);
    case "array":
      return arrayWriter(wire.element, target, path);
    case "struct":
      return compileStructWriter(wire.fields, target, path);
    case "bool":
      return (writer, value) => writer.boolean(value as boolean);
    case "uuid":
      return uuidWriter(path);
    case "int64":
      return int64Writer(path);
    case "float64":
      return (writer, value) => writer.float64(value as number);
    default:
      return integerWriter(wire.kind, path);
  }
}

type IntegerKind =
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32";

const bounds: Record<IntegerKind, readonly [min: number, max: number]> = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
};

function integerWriter(kind: IntegerKind, path: string): Write {
  const [min, max] = bounds[kind];
  const write = integerWrites[kind];
  return (writer, value) => {
    const number = value as number;
    if (!(number >= min && number <= max) || !Number.isInteger(number)) {
      throw new EncodeFault(`${path} is ${number}, not an ${kind}`);
    }
    write(writer, number);
  };
}

const integerWrites: Record<IntegerKind, (writer: BytesWriter, value: number) => void> = {
  int8: (writer, value) => writer.int8(value),
  int16: (writer, value) => writer.int16(value),
  uint16: (writer, value) => writer.uint16(value),
  int32: (writer, value) => writer.int32(value),
  uint32: (writer, value) => writer.uint32(value),
};

function int64Writer(path: string): Write {
  return (writer, value) => {
    if (!isInt64(value)) throw new EncodeFault(`${path} is ${value}, not an int64`);
    writer.int64(value);
  };
}

function uuidWriter(path: string): Write {
  return (writer, value) => {
    const text = value as string;
    if (!isUuid(text)) throw new EncodeFault(`${path} is "${text}", not a UUID`);
    writer.uuid(text);
  };
}

/** A sentence is for people, and what it quotes may be as long as a client likes. */
const sentenceLengthMax = 2000;

function sentenceWriter(write: Write): Write {
  return (writer, value) => {
    const text = value as string;
    const isLong = text.length > sentenceLengthMax;
    write(writer, isLong ? `${text.slice(0, sentenceLengthMax)}...` : text);
  };
}

function stringWriter(flexible: boolean, path: string): Write {
  return (writer, value) => {
    const text = value as string;
    const encoded = isAscii(text) ? undefined : utf8(text);
    const length = encoded === undefined ? text.length : encoded.length;
    if (length > stringBytesMax) {
      throw new EncodeFault(`${path} has ${length} bytes, more than ${stringBytesMax}`);
    }
    if (flexible) writer.uvarint(length + 1);
    else writer.int16(length);
    if (encoded === undefined) writer.text(text);
    else writer.bytes(encoded);
  };
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

function bytesWriter(flexible: boolean): Write {
  return (writer, value) => {
    const content = value as Chunk;
    if (flexible) writer.uvarint(content.length + 1);
    else writer.int32(content.length);
    writer.bytes(content);
  };
}

function arrayWriter(element: WireType, target: Target, path: string): Write {
  const write = valueWriter(element, target, `${path}[]`);
  return (writer, value) => {
    const list = value as readonly unknown[];
    writeCount(writer, list.length, target);
    for (let i = 0; i < list.length; i++) write(writer, list[i]);
  };
}

function writeCount(writer: BytesWriter, count: number, { flexible }: Target): void {
  if (flexible) writer.uvarint(count + 1);
  else writer.int32(count);
}
