// How fast a client may change topics (KIP-599): a bucket of tokens, of which each partition that
// is made or deleted takes one.
//
//   full at first: rate * controller.quota.window.num * ...size.seconds;  refilled at the rate
//   strict      nothing is taken while the bucket is below zero, and the client is told so
//   permissive  everything is, and the client pauses until the bucket is not below zero any more
//
// One who has a token left may take more than there are: the bucket goes below zero, for which he
// waits the longer.

/** What a client may have changed of topics. A decision that is run again begins anew. */
export interface Mutations {
  /** Forgets what was taken and has not been settled. */
  begin(): void;
  /** Whether `partitions` more may be made or deleted; they are taken if so. */
  take(partitions: number): boolean;
  /** What was taken counts. Returns for how many ms the client must pause. */
  settle(): number;
}

/** How many tokens a bucket can hold: those of so much time. */
export interface BucketTerms {
  readonly burstSeconds: number;
  readonly monotonic: () => number;
}

/** Tokens of those who share a quota. */
export class TokenBucket {
  readonly #terms: BucketTerms;
  #tokens = Infinity;
  #atMs: number;

  constructor(terms: BucketTerms) {
    this.#terms = terms;
    this.#atMs = terms.monotonic();
  }

  /** How many there are now, at `rate` per second. */
  tokens(rate: number): number {
    const nowMs = this.#terms.monotonic();
    const refilled = this.#tokens + (nowMs - this.#atMs) / 1_000 * rate;
    this.#tokens = Math.min(refilled, rate * this.#terms.burstSeconds);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  take(count: number): void {
    this.#tokens -= count;
  }
}

/** One request's changes against a bucket. */
export function mutationsOf(
  bucket: TokenBucket,
  { rate, isStrict }: { readonly rate: number; readonly isStrict: boolean },
): Mutations {
  let taken = 0;
  let isRefused = false;
  return {
    begin() {
      taken = 0;
      isRefused = false;
    },
    take(partitions) {
      if (isStrict && bucket.tokens(rate) - taken < 0) {
        isRefused = true;
        return false;
      }
      taken += partitions;
      return true;
    },
    settle() {
      bucket.tokens(rate);
      bucket.take(taken);
      taken = 0;
      const missing = -bucket.tokens(rate);
      const isOver = isStrict ? isRefused : missing > 0;
      // Whoever pauses as long as it is told finds the bucket no longer below zero.
      return isOver && missing > 0 ? Math.ceil(missing / rate * 1_000) : 0;
    },
  };
}
