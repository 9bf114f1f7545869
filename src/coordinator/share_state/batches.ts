// What a share group did with ranges of records, as lists of batches, and how a change is laid over
// what was known.
//
//   known   [0────────9 available][10───19 acknowledged]
//   change          [5──────────14 archived]
//   both    [0───4 available][5──────14 archived][15───19 acknowledged]
//
// Invariant: a list that comes out of here is in order, does not overlap, lies at or above the
// start offset, and joins neighbours that say the same.

import type { Offset } from "../../base/ids.ts";

/** Records from the first to the last offset, both included, of which the same is known. */
export interface StateBatch {
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** `known` with `changes` over it, without what lies below `startOffset`. */
export function layOver(
  known: readonly StateBatch[],
  { changes, startOffset }: {
    readonly changes: readonly StateBatch[];
    readonly startOffset: Offset;
  },
): StateBatch[] {
  let combined = known;
  if (isOrdered(changes)) combined = laidOver(known, changes);
  else for (const change of changes) combined = laidOver(combined, [change]);
  return joined(combined, startOffset);
}

function isOrdered(batches: readonly StateBatch[]): boolean {
  let before = -1;
  return batches.every(({ firstOffset, lastOffset }) => {
    const isBehind = before < firstOffset;
    before = lastOffset;
    return isBehind;
  });
}

/** Both lists in order and without overlaps: one walk over the two. */
function laidOver(known: readonly StateBatch[], changes: readonly StateBatch[]): StateBatch[] {
  const combined: StateBatch[] = [];
  let i = 0;
  // What is left of known[i].
  let rest: StateBatch | undefined = known[0];
  const next = () => rest = known[++i];
  for (const change of changes) {
    while (rest !== undefined && rest.firstOffset <= change.lastOffset) {
      if (rest.firstOffset < change.firstOffset) {
        const lastOffset = Math.min(rest.lastOffset, change.firstOffset - 1);
        combined.push({ ...rest, lastOffset });
      }
      if (rest.lastOffset <= change.lastOffset) next();
      else {
        rest = { ...rest, firstOffset: Math.max(rest.firstOffset, change.lastOffset + 1) };
        break;
      }
    }
    combined.push(change);
  }
  for (; rest !== undefined; next()) combined.push(rest);
  return combined;
}

function joined(batches: readonly StateBatch[], startOffset: Offset): StateBatch[] {
  const result: StateBatch[] = [];
  for (const batch of batches) {
    if (batch.lastOffset < startOffset) continue;
    const { deliveryState, deliveryCount, lastOffset } = batch;
    const firstOffset = Math.max(batch.firstOffset, startOffset);
    const before = result.at(-1);
    const joins = before !== undefined && before.lastOffset + 1 === firstOffset &&
      before.deliveryState === deliveryState && before.deliveryCount === deliveryCount;
    if (joins) result[result.length - 1] = { ...before, lastOffset };
    else result.push({ firstOffset, lastOffset, deliveryState, deliveryCount });
  }
  return result;
}
