// What all kinds of groups answer alike whose members the coordinator assigns.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { Clockwork } from "../clockwork.ts";
import type { OffsetsClient } from "../group_kind.ts";
import { forgetAllTimers, type MemberTimers } from "./timers.ts";

/** As far as such groups are alike. */
interface AssignedGroup {
  readonly members: ReadonlyMap<string, unknown>;
  readonly timers: MemberTimers;
}

export const assignedKind = {
  // Nothing of it waits: a heartbeat is answered at once.
  dissolve: (turn: Clockwork, { timers }: AssignedGroup): void => forgetAllTimers(turn, timers),
  isEmpty: ({ members }: AssignedGroup): boolean => members.size === 0,
  onCommit: (): void => {},
};

/** The first version of OffsetCommit that knows of member epochs (KIP-848). */
const memberEpochsVersion = 9;

/**
 * The member that commits, or why it may not. NONE where nobody has to be a member: in an empty
 * group, and within a transaction whose producer does not say for whom it commits. Only versions of
 * OffsetCommit are told apart: a TxnOffsetCommit of any may be a member's (KIP-447).
 */
export function committingMember<Member extends object>(
  { members }: { readonly members: ReadonlyMap<string, Member> },
  client: OffsetsClient,
  { knowsEpochs }: { readonly knowsEpochs: (member: Member) => boolean },
): Member | ErrorCode {
  const { memberId, groupInstanceId, apiVersion, isTransactional } = client;
  const { generationIdOrMemberEpoch: epoch } = client;
  if (epoch < 0 && members.size === 0) return ErrorCode.NONE;
  const isNobody = epoch === -1 && memberId === "" && groupInstanceId === null;
  if (isTransactional && isNobody) return ErrorCode.NONE;
  const member = members.get(memberId ?? "");
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  const isTooOld = !isTransactional && apiVersion < memberEpochsVersion && knowsEpochs(member);
  return isTooOld ? ErrorCode.UNSUPPORTED_VERSION : member;
}
