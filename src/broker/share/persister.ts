// The share coordinator as it is asked, wherever it is: by who leads partitions and reads them for
// share groups, by who coordinates share groups, and by the requests of other brokers.
//
//   ShareStates         what this broker keeps (states.ts)
//   RoutedShareStates   that, or what another broker keeps (replication/routed_share_states.ts)
//
// Invariant: each answer is about one share partition, and an error changes nothing of its state,
// or it is not known whether it did.

import type {
  InitializeInput,
  ReadInput,
  ShareState,
  ShareStateQuestion,
  WriteInput,
} from "../../coordinator/mod.ts";
import { type ErrorCode, errorMessage } from "../../protocol/mod.ts";

/** What became of a question, with so much of the state as it asks for. */
interface Answered<Asked extends keyof ShareState> {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  /** Undefined where there is none, and where it was not asked for. */
  readonly state: Pick<ShareState, Asked> | undefined;
}

export type ReadAnswer = Answered<"stateEpoch" | "startOffset" | "stateBatches">;

export type StateAnswer = Answered<
  "stateEpoch" | "leaderEpoch" | "startOffset" | "deliveryCompleteCount"
>;

/** Keeps states of share partitions. */
export interface SharePersister {
  initialize(input: InitializeInput): Promise<StateAnswer>;
  read(input: ReadInput): Promise<ReadAnswer>;
  write(input: WriteInput): Promise<StateAnswer>;
  delete(question: ShareStateQuestion): Promise<StateAnswer>;
  /** The state as it is; without one, and without an error, where none is kept. */
  summarise(question: ShareStateQuestion): Promise<StateAnswer>;
}

/** An answer without a state. */
export function stateFailure(errorCode: ErrorCode) {
  return { errorCode, errorMessage: errorMessage(errorCode), state: undefined };
}
