// A group decision in the making, and the soft effects of one.
//
//   decideX(view, …) ──> Plan { records, settle(turn), refuse(turn, error) }
//
// A View is what decisions look at and never change. A Turn is what soft effects change: groups'
// waiting requests, sessions, memberships that are being agreed on; it collects answers and notes.
// Whatever else must be decided, with records of its own, is left in `emptied` and `then`.

import type {
  ConsumerGroupHeartbeatResponse,
} from "../../protocol/apis/68_consumer_group_heartbeat.ts";
import type { ShareGroupHeartbeatResponse } from "../../protocol/apis/76_share_group_heartbeat.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type {
  DeleteGroupsResponse,
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitResponse,
  OffsetDeleteResponse,
  SyncGroupResponse,
} from "../../protocol/mod.ts";
import type { TxnOffsetCommitResponse } from "../../protocol/apis/28_txn_offset_commit.ts";
import type { ClassicGroup } from "./classic/group.ts";
import type { Clockwork } from "./clockwork.ts";
import type { Group } from "./group.ts";
import type { RegexEngine } from "./modern/regex.ts";
import type { GroupTopics } from "./modern/topics.ts";
import type { GroupConfig } from "./group_config.ts";
import type { Answer, Asked, Note, TransactionProducer } from "../machine.ts";
import type { OffsetTable } from "./offsets/offset_table.ts";
import type { GroupCoordinatorRecord } from "./record_kinds.ts";
import type {
  StateStepResponse,
  StatesWanted,
  StatesWantedResponse,
} from "./share/states_wanted.ts";
import type { StreamsHeartbeatResult } from "./streams/heartbeat_result.ts";

/** A response that may come later than its request, or wait for the log. */
export type GroupResponse =
  | ConsumerGroupHeartbeatResponse
  | ShareGroupHeartbeatResponse
  | StatesWantedResponse
  | StateStepResponse
  | StreamsHeartbeatResult
  | JoinGroupResponse
  | SyncGroupResponse
  | LeaveGroupResponse
  | OffsetCommitResponse
  | TxnOffsetCommitResponse
  | OffsetDeleteResponse
  | DeleteGroupsResponse;

/** What a decision may look at. */
export interface View {
  readonly nowMs: number;
  readonly config: GroupConfig;
  readonly groups: ReadonlyMap<string, Group>;
  readonly offsets: Pick<OffsetTable, "ofGroup" | "pending" | "has">;
  /** As the metadata has them now. */
  readonly topics: GroupTopics;
  readonly regexes: RegexEngine;
}

/** Where soft effects take place. */
export interface Turn extends View, Clockwork {
  readonly nowMs: number;
  readonly groups: Map<string, Group>;
  readonly answers: Answer<GroupResponse>[];
  readonly notes: Note[];
  /** Classic groups whose last member is gone: their becoming empty is the next decision. */
  readonly emptied: Set<ClassicGroup>;
  /** Which states the share coordinator is to begin to keep. */
  readonly statesWanted: StatesWanted[];
  /** Decisions to be made after that. */
  readonly then: ((view: View) => Plan)[];
}

/** A decision of the group coordinator. */
export interface Plan {
  readonly records: readonly GroupCoordinatorRecord[];
  /** They are offsets, pending until this producer's transaction ends. */
  readonly producer?: TransactionProducer;
  /** The records are in the log and applied. */
  readonly settle: (turn: Turn) => void;
  /** The log refused the records. */
  readonly refuse: (turn: Turn, appendError: ErrorCode) => void;
}

/** A plan that needs no log. */
export function softly(settle: (turn: Turn) => void): Plan {
  return { records: [], settle, refuse: settle };
}

/** A plan that answers, and nothing else. */
export function answering<Response extends GroupResponse>(
  asked: Asked<Response>,
  response: Response,
): Plan {
  return softly((turn) => answerNow(turn, asked, response));
}

/** Answers at once: the response tells nothing that is not durable yet. */
export function answerNow<Response extends GroupResponse>(
  turn: Turn,
  to: Asked<Response>,
  response: Response,
): void {
  turn.answers.push({ to, response, failed: undefined } as Answer<GroupResponse>);
}

/** Answers once all that the response tells is durable; with what `failed` says if it never is. */
export function answerWhenDurable<Response extends GroupResponse>(
  turn: Turn,
  answer: {
    readonly to: Asked<Response>;
    readonly response: Response;
    readonly failed: (error: ErrorCode) => Response;
  },
): void {
  turn.answers.push(answer as Answer<GroupResponse>);
}
