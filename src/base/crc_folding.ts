// The CRC-32C of much, sixteen bytes at a time and without tables.
//
// Bytes are the coefficients of a polynomial, and a CRC is its rest after a division by one of
// degree 32, P. P divides x^209 + x^144 + x^54 + x^39 + x^14 + 1, and so (squared again and again,
// which only doubles the exponents) the same of x^128 in place of x. A word of 128 bits may
// therefore be taken out of the front and be added to five words behind it: the rest is the same.
//
//   word[i] ^= word[i - 65] ^ word[i - 155] ^ word[i - 170] ^ word[i - 195] ^ word[i - 209]
//
//   memory  |- 209 words before -|- what came ----------------|     their sums take their place
//
// What remains are the last 209 words, and a table does those. Invariant: no word is added to
// another twice, so the last 209 take from what is before them alone.

import {
  add,
  type Code,
  constant,
  copyMemory,
  doWhile,
  get,
  instanceOf,
  isLess,
  set,
  wide,
} from "./wasm.ts";

const wordBytes = 16;
/** By how many words each is added further back. */
const distances = [65, 155, 170, 195, 209] as const;
const historyBytes = 209 * wordBytes;
/** Words in a step of the loop. */
const unrolled = 4;
const stepBytes = unrolled * wordBytes;
const memoryBytes = 65_536;
const pieceBytesMax = Math.floor((memoryBytes - historyBytes) / stepBytes) * stepBytes;

const [position] = [0];
const [count, folding] = [0, 1];

/** `word` steps behind `from`, which is where the history begins: it takes those before it. */
function foldedWord(from: Code, word: number, taken: readonly number[]): Code {
  const offset = historyBytes + word * wordBytes;
  const sum = taken.reduce(
    (sum, distance) => wide.xor(sum, wide.load(from, offset - distance * wordBytes)),
    wide.load(from, offset),
  );
  return wide.store(from, sum, offset);
}

/** Folds `count` bytes behind the history, the last of which become the history. */
const foldPiece: Code = [
  doWhile([
    Array.from({ length: unrolled }, (_, word) => foldedWord(get(folding), word, distances)),
    set(folding, add(get(folding), constant(stepBytes))),
  ], isLess(get(folding), get(count))),
  copyMemory(constant(0), get(count), constant(historyBytes)),
];

/** Folds the history into as many words behind it: each takes those that reach it. */
const foldLast: Code = distances.map((distance, i) =>
  doWhile([
    foldedWord(get(position), 0, distances.slice(i)),
    set(position, add(get(position), constant(wordBytes))),
  ], isLess(get(position), constant(distance * wordBytes)))
);

const program = {
  foldPiece: { params: 1, variables: 1, returns: false, body: foldPiece },
  foldLast: { params: 0, variables: 1, returns: false, body: foldLast },
};

/** What is left of `bytes[start, end)`: bytes that have their CRC, from a state of 0. */
export type Fold = (bytes: Uint8Array, start: number, end: number, state: number) => Uint8Array;

/** The fewest bytes that can be folded. */
export const foldedBytesMin = historyBytes + stepBytes;

/**
 * Makes much into little, good until the next call; undefined where the engine cannot. `state` is
 * that of the CRC before them.
 */
export function crc32cFold(): Fold | undefined {
  const instance = instanceOf(program, memoryBytes);
  if (instance === undefined) return undefined;
  const { memory, functions: { foldPiece, foldLast } } = instance;
  const firstWord = new Int32Array(memory.buffer, historyBytes, 1);
  return (bytes, start, end, state) => {
    const lastStart = start +
      Math.floor((end - start - historyBytes) / stepBytes) * stepBytes;
    memory.fill(0, 0, historyBytes);
    let before = state;
    for (let at = start; at < lastStart;) {
      const pieceEnd = Math.min(at + pieceBytesMax, lastStart);
      memory.set(bytes.subarray(at, pieceEnd), historyBytes);
      firstWord[0]! ^= before;
      before = 0;
      foldPiece(pieceEnd - at);
      at = pieceEnd;
    }
    memory.set(bytes.subarray(lastStart, end), historyBytes);
    foldLast();
    return memory.subarray(historyBytes, historyBytes + end - lastStart);
  };
}
