// decompressBlock (lz4_block.ts) in WebAssembly, where the engine has it: runs are copied by words
// of sixteen bytes, and no read asks whether it is within. The rules about where a block may end
// are the same, and so is what comes of every block, whole or spoiled.
//
//   memory  |- block -|- slack -|- what it unpacks to -|- slack -|
//
// Invariant: a word read or written past a run's end stays within the slack behind its half.

import {
  add,
  and,
  type Code,
  constant,
  copyEight,
  copyMemory,
  differs,
  doWhile,
  equals,
  fillMemory,
  forever,
  get,
  giveBack,
  instanceOf,
  isAtLeast,
  isLess,
  isMore,
  isZero,
  leaveIf,
  loadByte,
  loadShort,
  or,
  set,
  shiftRight,
  storeByte,
  subtract,
  when,
  whileTrue,
  wide,
} from "../base/wasm.ts";
import { decompressBlock, malformed, slackBytes as blockSlackBytes } from "./lz4_block.ts";
import { giveRoom, takeRoom } from "./unpacking_room.ts";

/** What may be out of place, and is told as its place here below 0. */
const failures = ["", "literals", "match", "end"] as const;

const matchLengthMin = 4;
const lastLiterals = 5;
const matchStartMargin = 12;
const matchTailBytes = 3 + lastLiterals;
const wordBytes = 16;
const slackBytes = 4 * wordBytes;
/** From here on a call into the engine is faster than a loop over words. */
const longRun = 128;

// Parameters: where the block ends, where its content begins, and where it would end at most.
const [blockEnd, start, end] = [0, 1, 2];
const [position, out, token, length, stop, distance, more, from] = [3, 4, 5, 6, 7, 8, 9, 10];
const [usualBlockEnd, usualEnd] = [11, 12];

const step = (local: number, by: number): Code => set(local, add(get(local), constant(by)));
const fail = (what: typeof failures[number]): Code => giveBack(constant(-failures.indexOf(what)));

/** The bytes behind a count of 15, the last of which is no 255. */
const restOfLength: Code = when(
  isLess(get(position), get(blockEnd)),
  doWhile([
    set(more, loadByte(get(position))),
    step(position, 1),
    set(length, add(get(length), get(more))),
  ], and(equals(get(more), constant(255)), isLess(get(position), get(blockEnd)))),
);

/** `copy` word by word from `from` to `out`, until `out` is at or behind `stop`. */
const byWords = (copy: Code, bytes: number): Code =>
  doWhile([copy, step(from, bytes), step(out, bytes)], isLess(get(out), get(stop)));

/** Most are a word at most, which is copied before anybody asks how many there are. */
const literals: Code = [
  wide.store(get(out), wide.load(get(position))),
  set(length, shiftRight(get(token), constant(4))),
  when(equals(get(length), constant(15)), restOfLength),
  set(stop, add(get(out), get(length))),
  set(from, get(position)),
  set(position, add(get(position), get(length))),
  when(
    or(
      isMore(add(get(position), constant(matchTailBytes)), get(blockEnd)),
      isMore(add(get(stop), constant(matchStartMargin)), get(end)),
    ),
    [
      when(
        or(differs(get(position), get(blockEnd)), isMore(get(stop), get(end))),
        fail("literals"),
      ),
      copyMemory(get(out), get(from), get(length)),
      giveBack(subtract(get(stop), get(start))),
    ],
  ),
  when(
    isAtLeast(get(length), constant(15)),
    when(
      isMore(get(length), constant(longRun)),
      copyMemory(get(out), get(from), get(length)),
      byWords(wide.store(get(out), wide.load(get(from))), wordBytes),
    ),
  ),
  set(out, get(stop)),
];

const match: Code = [
  set(distance, loadShort(get(position))),
  step(position, 2),
  when(
    or(isZero(get(distance)), isMore(get(distance), subtract(get(out), get(start)))),
    fail("match"),
  ),
  set(length, add(and(get(token), constant(15)), constant(matchLengthMin))),
  when(equals(get(length), constant(15 + matchLengthMin)), [
    restOfLength,
    when(
      isMore(add(get(position), constant(lastLiterals - 1)), get(blockEnd)),
      fail("match"),
    ),
  ]),
  set(stop, add(get(out), get(length))),
  when(isMore(add(get(stop), constant(lastLiterals)), get(end)), fail("match")),
  set(from, subtract(get(out), get(distance))),
  when(
    isAtLeast(get(distance), constant(wordBytes)),
    [
      // Two words are mostly enough, and a loop would have to be guessed.
      wide.store(get(out), wide.load(get(from))),
      wide.store(get(out), wide.load(get(from), wordBytes), wordBytes),
      when(isMore(get(length), constant(2 * wordBytes)), [
        step(from, 2 * wordBytes),
        step(out, 2 * wordBytes),
        byWords(wide.store(get(out), wide.load(get(from))), wordBytes),
      ]),
    ],
    when(
      isAtLeast(get(distance), constant(8)),
      byWords(copyEight(get(out), get(from)), 8),
      when(
        equals(get(distance), constant(1)),
        fillMemory(get(out), loadByte(get(from)), get(length)),
        byWords(storeByte(get(out), loadByte(get(from))), 1),
      ),
    ),
  ),
  set(out, get(stop)),
];

// What nearly all sequences are, and what is asked of them: short runs, of a match that is a word
// back or more, and far enough from both ends that no rule is in doubt. Others begin anew below.
const fewLiterals = 14;
const shortMatch = 14 + matchLengthMin;
/** Of the block behind a sequence's start, and of the room behind where it is written. */
const usualBlockBytes = 1 + fewLiterals + matchTailBytes;
const usualRoomBytes = fewLiterals + shortMatch + matchStartMargin;

const usualSequences: Code = whileTrue([
  set(token, loadByte(get(position))),
  wide.store(get(out), wide.load(get(position), 1)),
  set(length, shiftRight(get(token), constant(4))),
  set(from, add(get(position), get(length))),
  set(stop, add(get(out), get(length))),
  set(distance, loadShort(get(from), 1)),
  leaveIf(isMore(get(length), constant(fewLiterals))),
  set(length, and(get(token), constant(15))),
  leaveIf(equals(get(length), constant(15))),
  // Both bounds at once: what is below the lower one is a large number now.
  leaveIf(isAtLeast(
    subtract(get(distance), constant(wordBytes)),
    subtract(subtract(get(stop), get(start)), constant(wordBytes - 1)),
  )),
  set(position, add(get(from), constant(3))),
  set(from, subtract(get(stop), get(distance))),
  wide.store(get(stop), wide.load(get(from))),
  copyEight(get(stop), get(from), wordBytes),
  set(out, add(add(get(stop), get(length)), constant(matchLengthMin))),
], and(isLess(get(position), get(usualBlockEnd)), isLess(get(out), get(usualEnd))));

const unpack: Code = [
  set(out, get(start)),
  when(
    isMore(get(blockEnd), constant(usualBlockBytes)),
    set(usualBlockEnd, subtract(get(blockEnd), constant(usualBlockBytes))),
  ),
  set(usualEnd, subtract(get(end), constant(usualRoomBytes))),
  forever([
    when(
      and(
        and(isLess(get(position), get(usualBlockEnd)), isLess(get(out), get(usualEnd))),
        isAtLeast(subtract(get(out), get(start)), constant(wordBytes)),
      ),
      usualSequences,
    ),
    when(isAtLeast(get(position), get(blockEnd)), fail("end")),
    set(token, loadByte(get(position))),
    step(position, 1),
    literals,
    match,
  ]),
];

const program = { unpack: { params: 3, variables: 10, returns: true, body: unpack } };

/** Unpacks blocks of up to so many bytes, one after the other. */
export interface Unpacker {
  readonly blockBytes: number;
  /** Where content is, from its start on; good until the next block. */
  readonly content: Uint8Array;
  /** How many bytes `block` unpacks to. DecodeFault where it is malformed. */
  unpack(block: Uint8Array): number;
  /** Nobody looks at its content any more. */
  release(): void;
}

/** Of each size: more than so many frames are seldom looked at in turns. */
const fastMax = 2;
const idle = new Map<number, Unpacker[]>();
const made = new Map<number, number>();

/** One for the blocks of a frame. */
export function takeUnpacker(blockBytes: number): Unpacker {
  const found = idle.get(blockBytes)?.pop();
  if (found !== undefined) return found;
  const count = made.get(blockBytes) ?? 0;
  made.set(blockBytes, count + 1);
  return (count < fastMax ? fastUnpacker(blockBytes) : undefined) ?? plainUnpacker(blockBytes);
}

/** Undefined where the engine has no WebAssembly. */
export function fastUnpacker(blockBytes: number): Unpacker | undefined {
  const contentStart = blockBytes + slackBytes;
  const instance = instanceOf(program, contentStart + blockBytes + slackBytes);
  if (instance === undefined) return undefined;
  const { memory, functions } = instance;
  const contentEnd = contentStart + blockBytes;
  const unpacker: Unpacker = {
    blockBytes,
    content: memory.subarray(contentStart),
    unpack(block) {
      memory.set(block);
      const length = functions.unpack(block.length, contentStart, contentEnd);
      if (length < 0) throw malformed(failures[-length] ?? "end");
      return length;
    },
    release() {
      const others = idle.get(blockBytes);
      if (others === undefined) idle.set(blockBytes, [unpacker]);
      else others.push(unpacker);
    },
  };
  return unpacker;
}

/** The same in JavaScript. */
export function plainUnpacker(blockBytes: number): Unpacker {
  const room = takeRoom(blockBytes + blockSlackBytes);
  const target = { ...room, start: 0, end: blockBytes, outMax: blockBytes };
  return {
    blockBytes,
    content: room.into,
    unpack: (block) => decompressBlock(block, target),
    release: () => giveRoom(room),
  };
}
