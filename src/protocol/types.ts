// The words that tables are written in: primitive types, and what a field adds to its type.
//
//   groupInstanceId: from(3, essential(nullableString))
//                    |       |         '- what is on the wire, and the type in TypeScript
//                    |       '- must not be lost when a version cannot carry it
//                    '- the versions that have it
//
// A Field is plain data that the engine (reading.ts, writing.ts) compiles for one version at a
// time. Its three type parameters say what decoding gives, what encoding takes, and whether the
// one who encodes may leave it out. Words nest in any order; each returns a changed copy.
// Invariant: first <= last; a tagged field has tag >= 0; an absent field is its default value.

import {
  type BrokerId,
  type LeaderEpoch,
  type PartitionId,
  type ProducerId,
  type Uuid,
  ZERO_UUID,
} from "../base/ids.ts";
import type { Int64 } from "../base/int64.ts";
import type { Chunk } from "../base/file_part.ts";
import type { ErrorCode } from "./errors.ts";

/** Types with one encoding of their own. */
export type PrimitiveKind =
  | "bool"
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "float64"
  | "string"
  | "uuid"
  | "bytes"
  | "records";

/** What is on the wire. */
export type WireType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: "array"; readonly element: WireType }
  | { readonly kind: "struct"; readonly fields: Fields };

/** Versions first..last, both included; `none` when empty. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** "And all that follow": as large as a version can be. */
export const lastVersion = 32767;
const everyVersion: VersionRange = { min: 0, max: lastVersion };
const noVersion: VersionRange = { min: 0, max: -1 };

/** Whether `version` is one of `range`. */
export function inRange(version: number, range: VersionRange): boolean {
  return version >= range.min && version <= range.max;
}

const meaning: unique symbol = Symbol("field");

/** A field of a table. `Decoded` and `Input` exist for the type checker only. */
export interface Field<Decoded = unknown, Input = Decoded, Optional extends boolean = boolean> {
  readonly [meaning]: { decoded: Decoded; input: Input; optional: Optional } | true;
  readonly wire: WireType;
  readonly versions: VersionRange;
  readonly nullableVersions: VersionRange;
  /** undefined: the zero of its type, as in Kafka. */
  readonly default: unknown;
  /** -1: not tagged. */
  readonly tag: number;
  /** Keeps the fixed-size length prefix in flexible versions too. */
  readonly neverCompact: boolean;
  readonly essential: boolean;
  /** See {@link configValue}. */
  readonly isConfigValue: boolean;
  /** See {@link about}; empty where its name says enough. */
  readonly about: string;
  /** See {@link words}. */
  readonly words: Words | undefined;
}

/** What well-known numbers of a field mean, in a word each; of a boolean 0 is false, 1 true. */
export type Words = Readonly<Record<number, string>>;

/** Names to fields, in wire order. */
export interface Fields {
  readonly [name: string]: Field;
}

type DecodedOf<F> = F extends Field<infer D, infer _I, infer _O> ? D : never;
type InputOf<F> = F extends Field<infer _D, infer I, infer _O> ? I : never;
type OptionalName<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<infer _D, infer _I, infer O> ? O extends true ? K : never
    : never;
}[keyof F];
type Flatten<T> = { [K in keyof T]: T[K] };

/** What decoding a struct of these fields gives: every field, absent ones with their default. */
export type Decoded<F extends Fields> = { -readonly [K in keyof F]: DecodedOf<F[K]> };

/** What encoding takes: fields with a default, with a tag or of some versions may be left out. */
export type Input<F extends Fields> = Flatten<
  & { readonly [K in Exclude<keyof F, OptionalName<F>>]: InputOf<F[K]> }
  & { readonly [K in OptionalName<F>]?: InputOf<F[K]> }
>;

type Content = Field | Fields;
type ContentDecoded<C> = C extends Field<infer D, infer _I, infer _O> ? D
  : C extends Fields ? Decoded<C>
  : never;
type ContentInput<C> = C extends Field<infer _D, infer I, infer _O> ? I
  : C extends Fields ? Input<C>
  : never;

function fieldOf<D, I = D>(wire: WireType): Field<D, I, false> {
  return {
    [meaning]: true,
    wire,
    versions: everyVersion,
    nullableVersions: noVersion,
    default: undefined,
    tag: -1,
    neverCompact: false,
    essential: false,
    isConfigValue: false,
    about: "",
    words: undefined,
  };
}

function wireOf(content: Content): WireType {
  return meaning in content
    ? (content as Field).wire
    : { kind: "struct", fields: content as Fields };
}

function changed<D, I, O extends boolean>(
  field: Field<unknown, unknown, boolean>,
  change: Partial<Field>,
): Field<D, I, O> {
  return { ...field, ...change } as Field<D, I, O>;
}

export const boolean: Field<boolean, boolean, false> = fieldOf({ kind: "bool" });
export const int8: Field<number, number, false> = fieldOf({ kind: "int8" });
export const int16: Field<number, number, false> = fieldOf({ kind: "int16" });
export const uint16: Field<number, number, false> = fieldOf({ kind: "uint16" });
export const int32: Field<number, number, false> = fieldOf({ kind: "int32" });
export const uint32: Field<number, number, false> = fieldOf({ kind: "uint32" });
/** A number where it is safe, a bigint where it is not: always exact. */
export const int64: Field<Int64, Int64, false> = fieldOf({ kind: "int64" });
export const float64: Field<number, number, false> = fieldOf({ kind: "float64" });
export const string: Field<string, string, false> = fieldOf({ kind: "string" });
/** The value of the configuration key that the field `name` beside it names: maybe a secret. */
export const configValue: Field<string, string, false> = { ...string, isConfigValue: true };
export const uuid: Field<Uuid, Uuid, false> = fieldOf({ kind: "uuid" });
/** Decodes to a view of the received bytes. */
export const bytes: Field<Uint8Array, Uint8Array, false> = fieldOf({ kind: "bytes" });
/** Record batches, opaque here. Decodes to a view of the received bytes. */
export const records: Field<Uint8Array, Chunk, false> = fieldOf({ kind: "records" });

export const errorCode: Field<ErrorCode, ErrorCode, false> = fieldOf({ kind: "int16" });
/** An offset as the other side says it, which need not be one that a log has. */
export const offset: Field<Int64, Int64, false> = int64;
export const partitionId: Field<PartitionId, PartitionId, false> = fieldOf({ kind: "int32" });
export const brokerId: Field<BrokerId, BrokerId, false> = fieldOf({ kind: "int32" });
export const leaderEpoch: Field<LeaderEpoch, LeaderEpoch, false> = fieldOf({ kind: "int32" });
export const producerId: Field<ProducerId, ProducerId, false> = fieldOf({ kind: "int64" });

/** A list of a type, or of a struct given by its fields. */
export function array<const C extends Content>(
  element: C,
): Field<ContentDecoded<C>[], readonly ContentInput<C>[], false> {
  const list = fieldOf<ContentDecoded<C>[], readonly ContentInput<C>[]>({
    kind: "array",
    element: wireOf(element),
  });
  return meaning in element ? changed(list, { words: (element as Field).words }) : list;
}

/** A struct inside a struct. */
export function struct<const F extends Fields>(fields: F): Field<Decoded<F>, Input<F>, false> {
  return fieldOf({ kind: "struct", fields });
}

/** May be null, but has to be said. */
export function nullable<D, I, O extends boolean>(
  field: Field<D, I, O>,
): Field<D | null, I | null, O> {
  return changed(field, { nullableVersions: everyVersion });
}

/** May be null from version `min` on. */
export function nullableFrom<D, I, O extends boolean>(
  min: number,
  field: Field<D, I, O>,
): Field<D | null, I | null, O> {
  return changed(field, { nullableVersions: { min, max: lastVersion } });
}

/** May be null up to version `max`. */
export function nullableUntil<D, I, O extends boolean>(
  max: number,
  field: Field<D, I, O>,
): Field<D | null, I | null, O> {
  return changed(field, { nullableVersions: { min: 0, max } });
}

/** May be null, and is when left out. */
export function orNull<D, I>(field: Field<D, I>): Field<D | null, I | null, true> {
  return changed(field, { nullableVersions: everyVersion, default: null });
}

/** `orNull(string)`, by far the commonest of them. */
export const nullableString: Field<string | null, string | null, true> = orNull(string);

/** A default other than the zero of its type. */
export function defaultsTo<D, I>(value: NoInfer<I>, field: Field<D, I>): Field<D, I, true> {
  return changed(field, { default: value });
}

/** How long a quota makes the client wait (KIP-219), in milliseconds; none unless said. */
export const throttleTimeMs: Field<number, number, true> = defaultsTo(0, int32);

/** Exists from version `min` on. */
export function from<D, I>(min: number, field: Field<D, I>): Field<D, I, true> {
  return changed(field, { versions: { min, max: lastVersion } });
}

/** Exists up to version `max`. */
export function until<D, I>(max: number, field: Field<D, I>): Field<D, I, true> {
  return changed(field, { versions: { min: 0, max } });
}

/** Exists from version `min` to version `max`. */
export function between<D, I>(min: number, max: number, field: Field<D, I>): Field<D, I, true> {
  return changed(field, { versions: { min, max } });
}

/** A tagged field (KIP-482) from version `min` on: on the wire only when it is not its default. */
export function tagged<D, I>(tag: number, min: number, field: Field<D, I>): Field<D, I, true> {
  return changed(field, { tag, versions: { min, max: lastVersion } });
}

/**
 * Losing it would change what is asked: to encode another value than its default into a version
 * without it is an EncodeFault (Kafka's "not ignorable"). Other fields are dropped in silence.
 */
export function essential<D, I, O extends boolean>(field: Field<D, I, O>): Field<D, I, O> {
  return changed(field, { essential: true });
}

/** Keeps the fixed-size length prefix in flexible versions: the client id of a request header. */
export function neverCompact<D, I, O extends boolean>(field: Field<D, I, O>): Field<D, I, O> {
  return changed(field, { neverCompact: true });
}

/** What a reader should know of the field: a short sentence without its full stop. */
export function about<D, I, O extends boolean>(
  text: string,
  field: Field<D, I, O>,
): Field<D, I, O> {
  return changed(field, { about: text });
}

/** Well-known numbers by the words that people read in their place; others stay numbers. */
export function words<D, I, O extends boolean>(
  meanings: Words,
  field: Field<D, I, O>,
): Field<D, I, O> {
  return changed(field, { words: meanings });
}

/** A fresh default value of a field: its own, or the zero of its type. */
export function defaultOf(field: Field): unknown {
  return field.default === undefined ? zeroOf(field.wire) : field.default;
}

/** Kafka's implicit default of a type, never shared between messages when it can be changed. */
function zeroOf(wire: WireType): unknown {
  switch (wire.kind) {
    case "bool":
      return false;
    case "string":
      return "";
    case "uuid":
      return ZERO_UUID;
    case "bytes":
      return new Uint8Array(0);
    case "records":
      return null;
    case "array":
      return [];
    case "struct": {
      const value: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(wire.fields)) value[name] = defaultOf(field);
      return value;
    }
    default:
      return 0;
  }
}

/** Whether `value` equals the default of `field`: then a tagged field is not written. */
export function isDefault(field: Field, value: unknown): boolean {
  if (field.default !== undefined) return value === field.default;
  const { wire } = field;
  switch (wire.kind) {
    case "bytes":
    case "array":
      return value !== null && (value as { readonly length: number }).length === 0;
    case "struct": {
      if (value === null) return false;
      const message = value as Record<string, unknown>;
      return Object.entries(wire.fields).every(([name, part]) =>
        message[name] === undefined || isDefault(part, message[name])
      );
    }
    default:
      return value === zeroOf(wire);
  }
}
