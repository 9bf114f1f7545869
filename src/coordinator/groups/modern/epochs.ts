// The epochs of a group whose coordinator assigns, and of its members.
//
//   group epoch        grows when members, subscriptions or topics change
//   assignment epoch   the group epoch that the target assignment was computed for
//   member epoch       the assignment epoch that the member has come to; what it says in requests
//
//   a request with   the member's epoch        goes on
//                    the one before it         goes on, if the response may have been lost:
//                                              all that it has is what it was assigned
//                    0                         joins, or joins anew
//                    another                   FENCED_MEMBER_EPOCH: it gives all up and joins anew
//                    -1, -2                    leaves; a static member for a while
//
// Invariant: none of them ever shrinks, nor where an empty group makes way for one of another kind;
// member epoch <= assignment epoch <= group epoch.

import { ErrorCode } from "../../../protocol/errors.ts";
import { isWithin, type OwnedPartitions, type TopicPartitions } from "./assignment.ts";

/** Epochs that say something else than how far a member is. */
export const joinEpoch = 0;
export const leaveEpoch = -1;
export const staticLeaveEpoch = -2;

/**
 * Of a group before its first change: its members come to the one after it.
 * Differs from Kafka: a group's first member starts an epoch even if it subscribes to nothing.
 */
export const firstEpoch = 1;

/**
 * The epochs of a group that takes the place of a classic one without members.
 * Differs from Kafka: an empty classic group that becomes one of another type continues from its
 * generation. In Kafka it starts anew, so that a commit which was delayed may still fit the epoch
 * of its member, and overwrite what others have committed since.
 */
export function epochsAfter(generation: number) {
  const epoch = Math.max(firstEpoch, generation);
  return { groupEpoch: epoch, assignmentEpoch: epoch };
}

/** Why a request is not done, in a code for the client and a sentence for people. */
export interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

export function refusal(errorCode: ErrorCode, errorMessage: string): Refusal {
  return { errorCode, errorMessage };
}

/** How far a member is. */
export interface Epochs {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly assigned: OwnedPartitions;
}

/** Whether a request that says `epoch` comes from the member as it is known; if not, why. */
export function epochRefusal(
  member: Epochs,
  epoch: number,
  owned: readonly TopicPartitions[] | null,
): Refusal | undefined {
  if (epoch === joinEpoch || epoch === member.memberEpoch) return undefined;
  const isRetry = epoch === member.previousMemberEpoch && epoch < member.memberEpoch &&
    owned !== null && isWithin(owned, member.assigned);
  if (isRetry) return undefined;
  const than = epoch > member.memberEpoch ? "greater" : "smaller";
  return refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The member has a ${than} epoch (${epoch}) than the one known by the group coordinator ` +
      `(${member.memberEpoch}). It must abandon all its partitions and rejoin.`,
  );
}
