// Work on much in pieces, so that the event loop is not held: each step that may take long is a
// generator that yields between its pieces, and is either drained at once or in slices of time.
// What is done item by item is sliced as it is.
//
//   drained:  piece piece piece
//   sliced:   piece piece | turn of the event loop | piece ...
//
// Invariant: both ways come to the same.

/** When to let others run, and how. What src/log/pacing/slices.ts makes fits. */
export interface WorkSlices {
  /** Notes work about as heavy as looking at so many bytes. */
  spend(weight: number): void;
  readonly isOver: boolean;
  next(): Promise<void>;
}

/** Yields the weight of each piece, and returns what has come of all. */
export type Pieces<T> = Generator<number, T>;

/** All of it now. */
export function drained<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** All of it, with turns of the event loop in between. */
export async function sliced<T>(pieces: Pieces<T>, slices: WorkSlices): Promise<T> {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
    slices.spend(value);
    if (slices.isOver) await slices.next();
  }
}

/** As {@link sliced}, beginning at once: what fits into this slice needs no promise. */
export function slicedFromNow<T>(pieces: Pieces<T>, slices: WorkSlices): T | Promise<T> {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
    slices.spend(value);
    if (slices.isOver) return slices.next().then(() => sliced(pieces, slices));
  }
}

/** So many items are worked on before one looks whether the slice is over. */
const itemsOfPiece = 64;
/** An item is about a look at so many bytes. */
const itemWeight = 2048;

/** What `map` makes of each of `items`, in their order, with turns of the event loop in between. */
export async function mapSliced<T, R>(
  items: Iterable<T>,
  slices: WorkSlices,
  map: (item: T) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    const result = map(item);
    results.push(result instanceof Promise ? await result : result);
    if (results.length % itemsOfPiece > 0) continue;
    slices.spend(itemsOfPiece * itemWeight);
    if (slices.isOver) await slices.next();
  }
  return results;
}

/** So many texts are sorted in one go. */
const runLength = 1024;
const comparedWeight = 512;

/** `texts` in the order of their code units, as `sort` has them. */
export function* sortedPieces(texts: readonly string[]): Pieces<string[]> {
  let from = [...texts];
  for (let start = 0; start < from.length; start += runLength) {
    const run = from.slice(start, start + runLength).sort();
    for (const [i, text] of run.entries()) from[start + i] = text;
    yield run.length * comparedWeight;
  }
  for (let length = runLength; length < from.length; length *= 2) {
    const merged: string[] = [];
    for (let start = 0; start < from.length; start += 2 * length) {
      const middle = Math.min(start + length, from.length);
      const end = Math.min(middle + length, from.length);
      let [a, b] = [start, middle];
      while (a < middle || b < end) {
        const isFirst = b >= end || (a < middle && from[a]! <= from[b]!);
        merged.push(from[isFirst ? a++ : b++]!);
        if (merged.length % runLength === 0) yield runLength * comparedWeight;
      }
    }
    from = merged;
  }
  return from;
}
