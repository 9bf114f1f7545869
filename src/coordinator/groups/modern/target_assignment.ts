// The target assignment of a group: what each of its members is to have at one assignment epoch.
//
//   members, their topics, what they were to have ──assignor──> what they are to have

import type { Uuid } from "../../../base/ids.ts";
import { addInt64, type Int64 } from "../../../base/int64.ts";
import {
  type Assignment,
  assignmentsEqual,
  nothingAssigned,
  type OwnedPartitions,
} from "./assignment.ts";
import type { Assignor } from "./assignor.ts";
import { assignRange } from "./range.ts";
import type { GroupTopics } from "./topics.ts";
import { assignUniform } from "./uniform.ts";

/** The assignors, by the names that clients ask for. */
const assignors: ReadonlyMap<string, Assignor> = new Map([
  ["uniform", assignUniform],
  ["range", assignRange],
]);

/** The assignor of this name; `uniform` for a name that nobody knows. */
export function assignorOf(name: string | undefined): Assignor {
  return assignors.get(name ?? "") ?? assignUniform;
}

/** Whom to assign. */
export interface TargetMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Names of the topics that it subscribes to, whether they exist or not. */
  readonly topicNames: ReadonlySet<string>;
  /** What it has now. */
  readonly held: OwnedPartitions;
}

export interface TargetInput {
  readonly members: readonly TargetMember[];
  readonly topics: GroupTopics;
  readonly assignor: Assignor;
  /** What a member was to have so far. */
  readonly formerly: (memberId: string) => Assignment;
}

/** Members that come one after the other are assigned together (KIP-1263). */
export function isTargetDue(
  nowMs: number,
  { assignmentTimestampMs }: { readonly assignmentTimestampMs: Int64 },
  assignmentIntervalMs: number,
): boolean {
  if (assignmentTimestampMs === 0 || assignmentIntervalMs === 0) return true;
  return nowMs >= addInt64(assignmentTimestampMs, assignmentIntervalMs);
}

/** What each member is to have. */
export function computeTarget(input: TargetInput): Map<string, Assignment> {
  const { topics, assignor, formerly } = input;
  const members = input.members.map(({ memberId, instanceId, topicNames, held }) => {
    const topicIds = new Set<Uuid>();
    for (const name of topicNames) {
      const topic = topics.byName(name);
      if (topic !== undefined) topicIds.add(topic.id);
    }
    return { memberId, instanceId, topicIds, assigned: formerly(memberId), held };
  });
  return assignor({
    members,
    partitionCount: (topicId) => topics.byId(topicId)?.partitionCount ?? 0,
  });
}

/** Those whose assignment is another one than before. */
export function* changedTargets(
  target: ReadonlyMap<string, Assignment>,
  formerly: (memberId: string) => Assignment | undefined,
): Generator<readonly [memberId: string, assignment: Assignment]> {
  for (const [memberId, assignment] of target) {
    const before = formerly(memberId);
    if (before !== undefined && assignmentsEqual(before, assignment)) continue;
    yield [memberId, assignment];
  }
}

/** What `memberId` is to have by `target`. */
export function targetOf(
  target: ReadonlyMap<string, Assignment>,
  memberId: string,
): Assignment {
  return target.get(memberId) ?? nothingAssigned;
}
