// WebAssembly written down as expressions, for the few loops in which the engine's JavaScript is
// far from what the machine can do: they take words of 16 bytes.
//
//   store(p, xor(load(p), load(q)))   ->   p p load q load xor store   ->   bytes
//
// A module is functions of 32-bit integers over one memory that does not grow. Who uses one has the
// same in JavaScript as well: `instanceOf` is undefined where the engine does not take it.

/** Instructions, in their order. */
export type Code = readonly (number | Code)[];

/** A parameter, or a variable behind them. */
export type Local = number;

/** One function: `returns` says whether an integer comes of it. */
export interface WasmFunction {
  readonly params: number;
  readonly variables: number;
  readonly returns: boolean;
  readonly body: Code;
}

const binary = (opcode: number) => (a: Code, b: Code): Code => [a, b, opcode];

export const constant = (value: number): Code => [0x41, signedBytes(value)];
export const add = binary(0x6a);
export const subtract = binary(0x6b);
export const and = binary(0x71);
export const shiftRight = binary(0x76);
export const equals = binary(0x46);
export const differs = binary(0x47);
/** Of integers without a sign, as those behind it. */
export const isLess = binary(0x49);
export const isMore = binary(0x4b);
export const isAtLeast = binary(0x4f);
export const or = binary(0x72);
export const isZero = (a: Code): Code => [a, 0x45];

export const get = (local: Local): Code => [0x20, unsignedBytes(local)];
export const set = (local: Local, value: Code): Code => [value, 0x21, unsignedBytes(local)];

/** Where a word is, `offset` behind an address: aligned or not, which costs the same. */
const at = (offset: number): Code => [0, unsignedBytes(offset)];

export const loadByte = (address: Code): Code => [address, 0x2d, at(0)];
/** Two bytes, the low one first. */
export const loadShort = (address: Code, offset = 0): Code => [address, 0x2f, at(offset)];
export const storeByte = (address: Code, value: Code): Code => [address, value, 0x3a, at(0)];
/** Eight bytes, of which nothing is asked but to be stored again. */
export const copyEight = (
  to: Code,
  from: Code,
  offset = 0,
): Code => [to, from, 0x29, at(offset), 0x37, at(offset)];

/** Sixteen bytes at once. */
export const wide = {
  load: (address: Code, offset = 0): Code => [address, 0xfd, 0x00, at(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0xfd, 0x0b, at(offset)],
  xor: (a: Code, b: Code): Code => [a, b, 0xfd, 0x51],
};

export const copyMemory = (
  to: Code,
  from: Code,
  length: Code,
): Code => [to, from, length, 0xfc, 0x0a, 0, 0];
export const fillMemory = (
  to: Code,
  byte: Code,
  length: Code,
): Code => [to, byte, length, 0xfc, 0x0b, 0];

const noResult = 0x40;
const end = 0x0b;

export const when = (condition: Code, then: Code, otherwise: Code = []): Code => [
  condition,
  [0x04, noResult],
  then,
  otherwise.length > 0 ? [0x05, otherwise] : [],
  end,
];
/** Does `body` as long as `condition` holds behind it, and once at least. */
export const doWhile = (body: Code, condition: Code): Code => [
  [0x03, noResult],
  body,
  condition,
  [0x0d, 0],
  end,
];
/** The same, but that `body` may end it: see {@link leaveIf}. */
export const whileTrue = (body: Code, condition: Code): Code => [
  [0x02, noResult],
  doWhile(body, condition),
  end,
];
/** Goes on behind the {@link whileTrue} around it, where `condition` holds. */
export const leaveIf = (condition: Code): Code => [condition, [0x0d, 1]];
/** Does `body` until it returns. */
export const forever = (body: Code): Code => [[0x03, noResult], body, [0x0c, 0], end, 0x00];
export const giveBack = (value: Code): Code => [value, 0x0f];

/** What an instance has: its memory, and its functions under their names. */
export interface WasmInstance<Name extends string> {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly functions: Readonly<Record<Name, (...args: number[]) => number>>;
}

/** Undefined where the engine has no WebAssembly, or no words of 16 bytes in it. */
export function instanceOf<Name extends string>(
  functions: Readonly<Record<Name, WasmFunction>>,
  memoryBytes: number,
): WasmInstance<Name> | undefined {
  const bytes = moduleOf(functions, Math.ceil(memoryBytes / pageBytes));
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memory = exports[memoryName] as WebAssembly.Memory;
  return {
    memory: new Uint8Array(memory.buffer as ArrayBuffer),
    functions: exports as unknown as WasmInstance<Name>["functions"],
  };
}

const pageBytes = 65_536;
const memoryName = "memory";
const i32 = 0x7f;

function moduleOf(
  functions: Readonly<Record<string, WasmFunction>>,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const all = Object.entries(functions);
  const types = all.map(([, { params, returns }]): Code => [
    0x60,
    vector(Array(params).fill([i32])),
    vector(returns ? [[i32]] : []),
  ]);
  const exported = all.map(([name], index): Code => [nameOf(name), 0, unsignedBytes(index)]);
  const bodies = all.map(([, { variables, body }]): Code => {
    const code = [vector([[unsignedBytes(variables), i32]]), body, end];
    return sized(code);
  });
  return Uint8Array.from(flat([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(types)),
    section(3, vector(all.map((_, index): Code => [unsignedBytes(index)]))),
    section(5, vector([[1, unsignedBytes(pages), unsignedBytes(pages)]])),
    section(7, vector([[nameOf(memoryName), 2, 0], ...exported])),
    section(10, vector(bodies)),
  ]));
}

const section = (id: number, content: Code): Code => [id, sized(content)];
const vector = (items: readonly Code[]): Code => [unsignedBytes(items.length), items];
const nameOf = (name: string): Code => vector(Array.from(name, (c) => [c.charCodeAt(0)]));

function sized(content: Code): Code {
  const bytes = flat(content);
  return [unsignedBytes(bytes.length), bytes];
}

function flat(code: Code, into: number[] = []): number[] {
  for (const each of code) {
    if (typeof each === "number") into.push(each);
    else flat(each, into);
  }
  return into;
}

/** LEB128: seven bits a byte, the low ones first. */
function unsignedBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function signedBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x3f || rest < -0x40; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}
