// A group changes the protocol that it speaks, while its members go on (KIP-848, "Online
// migration").
//
//   classic   a member of the consumer protocol joins        consumer, at the generation's epoch
//   consumer  the last of them leaves, classic ones are left classic, at the group's epoch
//   classic, Empty                                           ends; a consumer group begins, at
//                                                            the generation's epoch
//
// Both are one batch: the end of the one group, then the whole of the other. What classic members
// have asked and waits is told to rejoin. group.consumer.migration.policy says which way is open.

import type { Uuid } from "../../../base/ids.ts";
import { DecodeFault } from "../../../base/faults.ts";
import { updateMember } from "../classic/group.ts";
import { type ClassicGroup, metadataOf, selectProtocol, touchSession } from "../classic/group.ts";
import { prepareRebalance } from "../classic/rebalance.ts";
import { groupRecord } from "../classic/snapshot.ts";
import { consumerProtocolType } from "../classic/subscription.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import {
  type ConsumerSubscription,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
} from "../../../protocol/consumer_protocol.ts";
import type { Group } from "../group.ts";
import { type Assignment, nothingOwned, topicPartitionsOf } from "../modern/assignment.ts";
import { epochsAfter, type Refusal, refusal } from "../modern/epochs.ts";
import { MemberState } from "../modern/reconcile.ts";
import { forgetAllTimers } from "../modern/timers.ts";
import type { GroupTopics } from "../modern/topics.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import type { Turn, View } from "../turn.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerGroup,
  targetOfMember,
} from "./group.ts";
import { applyConsumerRecord, groupRecords, groupTombstones } from "./stored.ts";

/** A group as it is once `records` are stored. */
export interface Converted {
  readonly group: ConsumerGroup;
  readonly records: readonly GroupCoordinatorRecord[];
  /** What it was before; undefined where nothing was converted. */
  readonly former: ClassicGroup | undefined;
}

/** A consumer group in the place of a classic one; or why it cannot be. */
export function takeOver(view: View, former: ClassicGroup): Converted | Refusal {
  const { groupId, isStored } = former;
  const end = isStored ? [groupRecord(groupId, null)] : [];
  const epochs = epochsAfter(former.generationId);
  if (former.state === "Empty") {
    return { group: { ...newConsumerGroup(groupId), ...epochs }, records: end, former };
  }
  const cannot = upgradeProblem(view, former);
  if (cannot !== undefined) return refusedUpgrade(groupId, cannot);
  const made: ConsumerGroup = { ...newConsumerGroup(groupId), ...epochs };
  try {
    if ([...former.members.values()].some(({ assignment }) => hasUserData(assignment))) {
      const why =
        "an unsupported custom assignor is in use. Please refer to the documentation or " +
        "switch to a default assignor before re-attempting the upgrade";
      return refusedUpgrade(groupId, why);
    }
    for (const member of former.members.values()) {
      const upgraded = upgradedMember(view.topics, former, member.memberId);
      made.members.set(upgraded.memberId, upgraded);
      made.targets.set(upgraded.memberId, withoutEpochs(upgraded.assigned));
    }
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return refusedUpgrade(groupId, "the embedded consumer protocol is malformed");
  }
  const records = groupRecords(made);
  // The same group as its records will make it.
  const groups = new Map<string, Group>();
  for (const record of records) applyConsumerRecord(groups, record);
  const group = groups.get(groupId);
  return {
    group: group?.type === "consumer" ? group : made,
    records: [...end, ...records],
    former,
  };
}

function refusedUpgrade(groupId: string, why: string): Refusal {
  const message = `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`;
  return refusal(ErrorCode.GROUP_ID_NOT_FOUND, message);
}

/** Whether an assignor has said more than partitions, which would be lost. Throws DecodeFault. */
function hasUserData(assignment: Uint8Array): boolean {
  return assignment.length > 0 && (decodeAssignment(assignment).userData?.length ?? 0) > 0;
}

function upgradeProblem({ config }: View, { members, protocolType }: ClassicGroup) {
  const { canUpgrade, groupSizeMax } = config.consumer();
  if (!canUpgrade) return "online upgrade is disabled";
  if (protocolType !== consumerProtocolType) {
    return "the group does not use the consumer embedded protocol";
  }
  if (members.size > groupSizeMax) return "the group size exceeds the consumer group maximum size";
  return undefined;
}

/** Throws DecodeFault where the member's bytes are not those of a consumer. */
function upgradedMember(
  topics: GroupTopics,
  { members, protocolName, generationId }: ClassicGroup,
  memberId: string,
): ConsumerMember {
  const member = members.get(memberId);
  if (member === undefined) throw new DecodeFault("no such member");
  const selected = protocolName ?? member.protocols[0]?.name;
  const subscription = decodeSubscription(metadataOf(member, selected));
  const { assignment } = member;
  const assigned = assignment.length === 0 ? [] : decodeAssignment(assignment).assignedPartitions;
  return {
    memberId,
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: null,
    subscribedTopicNames: subscription.topics,
    subscribedTopicRegex: "",
    classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: member.protocols },
    memberEpoch: generationId,
    previousMemberEpoch: generationId,
    state: MemberState.STABLE,
    assigned: ownedBy(topics, { named: assigned, epoch: generationId }),
    revoking: nothingOwned,
  };
}

/** Partitions of topics by name, as consumers tell each other. */
type NamedPartitions = ConsumerSubscription["ownedPartitions"];

function ownedBy(
  topics: GroupTopics,
  { named, epoch }: { named: NamedPartitions; epoch: number },
): Map<Uuid, Map<number, number>> {
  const owned = new Map<Uuid, Map<number, number>>();
  for (const { topic, partitions } of named) {
    const id = topics.byName(topic)?.id;
    if (id === undefined || partitions.length === 0) continue;
    owned.set(id, new Map(partitions.map((partition) => [partition, epoch])));
  }
  return owned;
}

function withoutEpochs(owned: ConsumerMember["assigned"]): Assignment {
  return new Map([...owned].map(([topicId, each]) => [topicId, new Set(each.keys())]));
}

/** The partitions by name, in the form in which consumers of the classic protocol take them. */
export function classicAssignment(
  topics: GroupTopics,
  { assigned, version }: { assigned: Assignment | ConsumerMember["assigned"]; version: number },
): Uint8Array {
  const assignedPartitions = topicPartitionsOf(assigned).flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId)?.name;
    return topic === undefined ? [] : [{ topic, partitions }];
  });
  return encodeAssignment({ assignedPartitions, userData: null }, version);
}

/** The version that a classic member's metadata has; 0 where it has none. */
export function metadataVersion(metadata: Uint8Array | undefined): number {
  if (metadata === undefined || metadata.length < 2) return 0;
  const version = new DataView(metadata.buffer, metadata.byteOffset, 2).getInt16(0);
  return Math.max(0, Math.min(version, 3));
}

export interface Downgrade {
  readonly records: readonly GroupCoordinatorRecord[];
  readonly settle: (turn: Turn) => void;
}

/**
 * Decides that the group becomes a classic one once `gone` are; undefined when it does not.
 * `successor` is a classic member that takes the place of the only one that is gone.
 */
export function decideDowngrade(
  view: View,
  group: ConsumerGroup,
  { gone, successor }: {
    readonly gone: ReadonlySet<string>;
    readonly successor: ConsumerMember | undefined;
  },
): Downgrade | undefined {
  const left = [...group.members.values()].filter(({ memberId }) => !gone.has(memberId));
  const members = successor === undefined ? left : [...left, successor];
  const { canDowngrade } = view.config.consumer();
  if (members.length === 0 || !canDowngrade || members.length > view.config.groupSizeMax) {
    return undefined;
  }
  if (members.some(({ classic }) => classic === null)) return undefined;
  const protocol = selectProtocol(members.map(({ classic }) => ({
    protocols: classic?.supportedProtocols ?? [],
  })));
  const [inherited] = gone;
  return {
    records: [
      ...groupTombstones(group),
      groupRecord(group.groupId, {
        protocolType: consumerProtocolType,
        generation: group.groupEpoch,
        protocol: protocol ?? null,
        // None of them has assigned anything: read from the log, too, the group rebalances.
        leader: null,
        currentStateTimestamp: view.nowMs,
        members: members.map((member) => {
          const from = member === successor ? inherited ?? "" : member.memberId;
          return classicSnapshot(view, member, {
            protocol,
            target: targetOfMember(group, from),
          });
        }),
      }),
    ],
    settle: (turn) => afterDowngrade(turn, group, members),
  };
}

function classicSnapshot(
  { topics }: View,
  member: ConsumerMember,
  { protocol, target }: { protocol: string | undefined; target: Assignment },
) {
  const subscription = metadataOf(
    { protocols: member.classic?.supportedProtocols ?? [] },
    protocol,
  );
  const version = metadataVersion(subscription);
  return {
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.classic?.sessionTimeoutMs ?? 0,
    subscription,
    assignment: classicAssignment(topics, { assigned: target, version }),
  };
}

/** Everyone agrees anew on who has what. */
function afterDowngrade(
  turn: Turn,
  former: ConsumerGroup,
  members: readonly ConsumerMember[],
): void {
  forgetAllTimers(turn, former.timers);
  const group = turn.groups.get(former.groupId);
  if (group?.type !== "classic") return;
  for (const { memberId, classic } of members) {
    const member = group.members.get(memberId);
    if (member === undefined || classic === null) continue;
    // The record keeps one protocol of each.
    updateMember(group, member, {
      protocols: classic.supportedProtocols,
      sessionTimeoutMs: classic.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    });
    touchSession(turn, member);
  }
  prepareRebalance(turn, group, "the group speaks the classic protocol from now on");
}
