// How a decision says no: to one topic, resource, user or partition of a request, whose neighbours
// do not notice.

import type { ErrorCode } from "../protocol/mod.ts";

/** An error code and a sentence for people. */
export interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

/** Says no. */
export function refusal(errorCode: ErrorCode, errorMessage: string): Refusal {
  return { errorCode, errorMessage };
}
