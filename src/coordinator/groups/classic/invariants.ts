// What must hold of a group between any two decisions, said as assertions.
// The property test calls it after every step; it costs a pass over the members.

import { assert } from "../../../base/assert.ts";
import type { ClassicGroup } from "./group.ts";

/** Throws AssertionError when `group` contradicts itself. */
export function assertConsistent(group: ClassicGroup): void {
  const { members, state } = group;
  const populated = members.size > 0;
  assert(state !== "Dead", "a dead group is in no table");
  assert(state !== "Empty" || !populated, "an empty group has members");
  assert(populated || (state !== "Stable" && state !== "CompletingRebalance"), "nobody is left");
  assert(members.has(group.leaderId ?? "") === populated, "the leader is no member");
  const counts = new Map<string, number>();
  let awaitingJoin = 0;
  for (const member of members.values()) {
    const { memberId, groupInstanceId } = member;
    if (member.awaitingJoin !== undefined) awaitingJoin++;
    assert(member.awaitingJoin === undefined || state === "PreparingRebalance", "a join waits");
    assert(member.awaitingSync === undefined || state === "CompletingRebalance", "a sync waits");
    assert(member.session.dueMs < Infinity, "a member has no session");
    if (groupInstanceId !== null) {
      assert(group.staticMembers.get(groupInstanceId) === memberId, "an instance id is misplaced");
    }
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    assert(!group.pendingMembers.has(memberId), "a member is pending");
  }
  assert(group.awaitingJoinCount === awaitingJoin, "waiting joins are miscounted");
  assert(counts.size === group.protocolCounts.size, "protocols are miscounted");
  for (const [name, count] of counts) {
    assert(group.protocolCounts.get(name) === count, "supporters of a protocol are miscounted");
  }
  for (const memberId of group.staticMembers.values()) {
    assert(members.has(memberId), "an instance id names no member");
  }
  for (const memberId of group.pendingSync) {
    assert(members.has(memberId), "a missing SyncGroup is nobody's");
  }
  const joinIsTimed = group.joinAlarm.dueMs < Infinity;
  assert(joinIsTimed === (state === "PreparingRebalance"), "a rebalance could wait forever");
}
