// What a listener wants of tokens, and for how long one that it takes is good.

/** Rules of signed tokens, by Kafka's keys sasl.oauthbearer.*. */
export interface TokenRules {
  readonly issuer: string | undefined;
  /** It must be for one of these; none: whomever it is for. */
  readonly audiences: readonly string[];
  readonly clockSkewSeconds: number;
  readonly subjectClaim: string;
  readonly scopeClaim: string;
}

/**
 * Milliseconds until a token is over: a safe integer at most, whatever its issuer has written into
 * it. Within the skew that the issuer's clock is allowed, it is good until that is over, too.
 */
export function lifetimeOf(
  expirySeconds: number,
  { nowMs, skewMs }: { readonly nowMs: number; readonly skewMs: number },
): number {
  const leftMs = Math.min(expirySeconds * 1_000 - nowMs, Number.MAX_SAFE_INTEGER);
  return leftMs > 0 ? leftMs : leftMs + skewMs;
}
