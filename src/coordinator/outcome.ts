// What a decision asks the world to do. The coordinator calls nobody: it returns an Outcome.
//
//   decide ──> Outcome ──> the shell appends `records`, at once and in order
//                            ├─ the log took them: answers with `whenDurable` go out once all
//                            │  that was handed out so far is durable, the others at once
//                            └─ the log refused them: onAppendFailed(outcome, …) undoes the
//                               decision and gives the answers that go out instead
//
// A Turn is an outcome while it is being decided, with all that a decision may look at. It changes
// the tables at once; what must be taken back when the log refuses is pushed on `undo`.
// Invariant: a token is in the answers of exactly one outcome; until then it waits in the table.

import { ErrorCode } from "../protocol/errors.ts";
import type {
  DeleteGroupsResponse,
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitResponse,
  OffsetDeleteResponse,
  SyncGroupResponse,
} from "../protocol/mod.ts";
import type { Deadlines } from "./deadlines.ts";
import type { AlarmOwner, Group } from "./group.ts";
import type { GroupConfig } from "./group_config.ts";
import type { OffsetTable } from "./offsets.ts";
import type { CoordinatorRecord } from "./records.ts";

/** Whatever the shell needs to find the request again. The coordinator hands it back unread. */
export type Token = unknown;

/** A response that may come later than its request, or wait for the log. */
export type GroupResponse =
  | JoinGroupResponse
  | SyncGroupResponse
  | LeaveGroupResponse
  | OffsetCommitResponse
  | OffsetDeleteResponse
  | DeleteGroupsResponse;

/** The response to one request. */
export interface Answer {
  readonly token: Token;
  readonly response: GroupResponse;
  /** Whether it must wait until every record that this table has handed out is durable. */
  readonly whenDurable: boolean;
  /**
   * The response if the log refuses the records, or cannot make them durable. Each answer that
   * waits has one; for the others nothing changes.
   */
  readonly failed?: (appendError: ErrorCode) => GroupResponse;
}

/** Something an operator may want to read in the log: a constant sentence and what varies. */
export interface Note {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface Outcome {
  readonly records: readonly CoordinatorRecord[];
  readonly answers: readonly Answer[];
  readonly notes: readonly Note[];
  /** Steps that undo the decision, in its order: for the table's `onAppendFailed` alone. */
  readonly undo: readonly ((turn: Turn, appendError: ErrorCode) => void)[];
}

/** An outcome in the making, and what decisions depend on. */
export interface Turn extends Outcome {
  readonly records: CoordinatorRecord[];
  readonly answers: Answer[];
  readonly notes: Note[];
  readonly undo: ((turn: Turn, appendError: ErrorCode) => void)[];
  readonly nowMs: number;
  readonly config: GroupConfig;
  readonly groups: Map<string, Group>;
  readonly offsets: OffsetTable;
  readonly deadlines: Deadlines<AlarmOwner>;
  /** A fresh UUID, as text. */
  readonly newUuid: () => string;
}

/** Answers at once: the response tells nothing that is not durable yet. */
export function answerNow(turn: Turn, token: Token, response: GroupResponse): void {
  turn.answers.push({ token, response, whenDurable: false });
}

/** Answers once all that the response tells is durable; with what `failed` says if it never is. */
export function answerWhenDurable(
  turn: Turn,
  answer: Pick<Required<Answer>, "token" | "response" | "failed">,
): void {
  turn.answers.push({ ...answer, whenDurable: true });
}

/** How a refused append of group metadata reads to a member. */
export function groupErrorOf(appendError: ErrorCode): ErrorCode {
  switch (appendError) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.REBALANCE_IN_PROGRESS;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    default:
      return appendError;
  }
}

/** How a refused append of committed offsets reads to a client. */
export function commitErrorOf(appendError: ErrorCode): ErrorCode {
  switch (appendError) {
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.INVALID_COMMIT_OFFSET_SIZE;
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    default:
      return groupErrorOf(appendError);
  }
}
