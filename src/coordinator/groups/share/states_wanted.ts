// What a share group and its shell tell each other about states that the share coordinator keeps:
// state_steps.ts has the steps.

import type { ErrorCode } from "../../../protocol/errors.ts";
import type { TopicPartitions } from "../modern/assignment.ts";

/** States that the share coordinator is to begin to keep. */
export interface StatesWanted {
  readonly groupId: string;
  readonly stateEpoch: number;
  readonly topics: readonly TopicPartitions[];
}

/** What is to be begun, for whoever waits for it. */
export interface StatesWantedResponse {
  readonly errorCode: ErrorCode;
  readonly wanted: readonly StatesWanted[];
}

/** What the share coordinator is to do next, or why nothing is done. */
export interface StateStepResponse {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly stateEpoch: number;
  readonly topics: readonly TopicPartitions[];
}
