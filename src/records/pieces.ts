// Work on large batches in pieces, so that the event loop is not held: each step that may take long
// is a generator that yields between its pieces, and is either drained at once or in slices of
// time.
//
//   drained:  piece piece piece
//   sliced:   piece piece | turn of the event loop | piece ...
//
// Invariant: both ways come to the same.

/** When to let others run, and how. What src/log/slices.ts makes fits. */
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
