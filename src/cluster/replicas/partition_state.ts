// What becomes of a partition's state: who leads, who is in sync, who has the records. One pure
// function, for the controller and for leaders: both change the state through it and nothing else.
//
//   event         who says so       what comes of it
//   settle        the controller    who is away, or whose disk failed, leaves the ISR; a leader is
//                                   elected, another one where its disk is full and theirs is not;
//                                   a move whose new replicas are in sync ends
//   registered    a broker's start  it leaves the ISR, since what it had not synced may be gone;
//                                   the ELR, too, where its log may lack what it acknowledged
//   alter         the leader        the ISR is this; who is new in it must live, by the broker
//                                   epoch that its last fetch named (KIP-903)
//   minIsr        an operator       min.insync.replicas is another: where enough are in sync by it,
//                                   nobody else is eligible any more (KIP-966)
//   prefer        an operator       the first replica leads, where it is in sync and has room
//   unclean       an operator       any replica that lives leads, though it may lack records
//   reassign      an operator       other replicas; null: as they were (KIP-455)
//
//   the ISR falls below min.insync.replicas --> who leaves it stays eligible (ELR, KIP-966): the
//   high watermark stands still meanwhile, so it lacks nothing that was acknowledged
//
// Invariants, asserted of every state that comes out: the leader is in the ISR, or -1; ISR, ELR and
// last known ELR are replicas, and no broker is in two of them; the leader epoch grows by one with
// every change of leader and with every replica that is dropped; while replicas recover from an
// unclean election the ISR is the leader alone.

import { assert } from "../../base/assert.ts";
import { type BrokerId, type LeaderEpoch, type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { PartitionImage } from "../image/image.ts";
import type { MetadataRecordInput } from "../records/records.ts";

/** What a transition looks at besides the partition. */
export interface PartitionView {
  /** Whether a broker lives, serves, is not about to stop, and has this data folder in use. */
  isActive(id: BrokerId, folder: Uuid): boolean;
  /** Whether that data folder takes records. */
  hasRoom(id: BrokerId, folder: Uuid): boolean;
  /** The broker epoch of its registration; -1 where it has none. */
  epochOf(id: BrokerId): Int64;
  /** min.insync.replicas, as it is set. */
  readonly minIsr: number;
  /** Whether who lacks records may lead where nobody else can. */
  readonly allowsUnclean: boolean;
}

/** A replica that a leader takes for in sync. */
export interface InSyncReplica {
  readonly id: BrokerId;
  /** By which it has fetched; -1: nobody compares it. */
  readonly epoch: Int64;
}

export type PartitionEvent =
  | { readonly type: "settle" }
  | { readonly type: "registered"; readonly id: BrokerId; readonly isSuspect: boolean }
  | { readonly type: "alter"; readonly isr: readonly InSyncReplica[] }
  | { readonly type: "minIsr" }
  | { readonly type: "prefer" }
  /** `candidate`: lacks the least of those that lack something. */
  | { readonly type: "unclean"; readonly candidate?: BrokerId }
  | { readonly type: "reassign"; readonly replicas: readonly BrokerId[] | null };

const nobody: BrokerId = -1;

/** The state after `event`; the very same one where nothing comes of it. */
export function transition(
  state: PartitionImage,
  event: PartitionEvent,
  view: PartitionView,
): PartitionImage {
  const next = ended(state, stepped(state, event, view), view);
  if (isSame(state, next)) return state;
  const result = { ...next, partitionEpoch: state.partitionEpoch + 1 };
  checkPartitionState(result);
  return result;
}

function stepped(
  state: PartitionImage,
  event: PartitionEvent,
  view: PartitionView,
): PartitionImage {
  switch (event.type) {
    case "settle":
      return elected(moved(withIsr(state, activeOf(state.isr, state, view), { view }), view), view);
    case "registered":
      return elected(registered(state, event, view), view);
    case "alter": {
      const isr = state.replicas.filter((id) => event.isr.some((each) => each.id === id));
      return moved({ ...withIsr(state, isr, { view }), recovering: false }, view);
    }
    case "minIsr":
      return withIsr(state, state.isr, { view });
    case "prefer":
      return preferred(state, view);
    case "unclean":
      return uncleanlyElected(state, event.candidate, view);
    case "reassign":
      return event.replicas === null
        ? elected(withoutReplicas(state, state.addingReplicas, { view }), view)
        : elected(moved(reassigned(state, event.replicas), view), view);
  }
}

/** Whether a replica can be used: its broker is active, and its disk works (KIP-858). */
function isActive(id: BrokerId, state: PartitionImage, view: PartitionView): boolean {
  return view.isActive(id, folderOf(id, state));
}

function hasRoom(id: BrokerId, state: PartitionImage, view: PartitionView): boolean {
  return view.hasRoom(id, folderOf(id, state));
}

function folderOf(id: BrokerId, state: PartitionImage): Uuid {
  return state.directories[state.replicas.indexOf(id)] ?? ZERO_UUID;
}

function activeOf(
  ids: readonly BrokerId[],
  state: PartitionImage,
  view: PartitionView,
): readonly BrokerId[] {
  return ids.filter((id) => isActive(id, state, view));
}

/** One leader epoch for all that a transition does, and the leader's broker epoch with it. */
function ended(
  before: PartitionImage,
  after: PartitionImage,
  view: PartitionView,
): PartitionImage {
  const isDropped = before.replicas.some((id) => !after.replicas.includes(id));
  if (before.leader === after.leader && !isDropped && !hasRestarted(before, after)) return after;
  return {
    ...after,
    leaderEpoch: before.leaderEpoch + 1,
    leaderBrokerEpoch: after.leader === nobody ? -1 : view.epochOf(after.leader),
  };
}

/** Whether the same broker leads, of a later registration: marked by {@link elected}. */
function hasRestarted(before: PartitionImage, after: PartitionImage): boolean {
  return before.leaderBrokerEpoch !== after.leaderBrokerEpoch;
}

/** The ISR is `isr`, and who left it stays eligible while it is too small (KIP-966). */
function withIsr(
  state: PartitionImage,
  isr: readonly BrokerId[],
  { view, suspect }: { readonly view: PartitionView; readonly suspect?: BrokerId },
): PartitionImage {
  const minIsr = Math.min(view.minIsr, state.replicas.length);
  if (isr.length >= minIsr) return { ...state, isr, elr: [], lastKnownElr: [] };
  const left = state.replicas.filter((id) =>
    (state.elr.includes(id) || state.isr.includes(id)) && !isr.includes(id)
  );
  const elr = left.filter((id) => id !== suspect);
  const lastKnownElr = state.replicas.filter((id) =>
    (state.lastKnownElr.includes(id) || (id === suspect && left.includes(id))) &&
    !isr.includes(id) && !elr.includes(id)
  );
  return { ...state, isr, elr, lastKnownElr };
}

function registered(
  state: PartitionImage,
  { id, isSuspect }: { readonly id: BrokerId; readonly isSuspect: boolean },
  view: PartitionView,
): PartitionImage {
  if (!state.isr.includes(id) && !(isSuspect && state.elr.includes(id))) return state;
  const isr = state.isr.filter((each) => each !== id);
  const next = withIsr(state, isr, { view, suspect: isSuspect ? id : undefined });
  // It leads again at the earliest in another epoch: what it had not written is gone.
  return state.leader === id ? { ...next, leader: nobody, leaderBrokerEpoch: -1 } : next;
}

/**
 * A leader where there is none, or none that has room: in sync, or eligible where nobody is in
 * sync. Where nobody has room all stays as it is.
 */
function elected(state: PartitionImage, view: PartitionView): PartitionImage {
  const { leader, isr, elr, replicas } = state;
  const mayLead = (id: BrokerId) => isr.includes(id) && isActive(id, state, view);
  const takesRecords = (id: BrokerId) => hasRoom(id, state, view);
  const isLed = leader !== nobody && mayLead(leader) && isOfNow(state, view);
  if (isLed && takesRecords(leader)) return state;
  const roomy = replicas.find((id) => mayLead(id) && takesRecords(id));
  if (isLed && roomy === undefined) return state;
  const inSync = roomy ?? replicas.find(mayLead);
  if (inSync !== undefined) return led(state, inSync, view);
  const without = leader === nobody ? state : { ...state, leader: nobody, leaderBrokerEpoch: -1 };
  if (isr.length > 0) return without;
  const eligibles = activeOf(replicas, state, view).filter((id) => elr.includes(id));
  const eligible = eligibles.find(takesRecords) ?? eligibles[0];
  if (eligible !== undefined) return led(withIsr(without, [eligible], { view }), eligible, view);
  return view.allowsUnclean ? uncleanlyElected(without, undefined, view) : without;
}

function led(state: PartitionImage, leader: BrokerId, view: PartitionView): PartitionImage {
  return { ...state, leader, leaderBrokerEpoch: view.epochOf(leader) };
}

/** Whether the leader is the registration that was elected. */
function isOfNow({ leader, leaderBrokerEpoch }: PartitionImage, view: PartitionView): boolean {
  return leaderBrokerEpoch === -1 || leaderBrokerEpoch === view.epochOf(leader);
}

function preferred(state: PartitionImage, view: PartitionView): PartitionImage {
  const first = state.replicas.find((id) => !state.removingReplicas.includes(id));
  const isWanted = first !== undefined && first !== state.leader && state.isr.includes(first) &&
    isActive(first, state, view) && hasRoom(first, state, view);
  return isWanted ? led(state, first, view) : state;
}

/** What only others had is lost: whoever was eligible comes back as somebody who lacks records. */
function uncleanlyElected(
  state: PartitionImage,
  candidate: BrokerId | undefined,
  view: PartitionView,
): PartitionImage {
  if (state.leader !== nobody) return state;
  const { isr, elr, lastKnownElr, replicas } = state;
  const chosen = candidate === undefined ? [] : [candidate];
  const asked = [...isr, ...elr, ...chosen, ...lastKnownElr, ...replicas];
  const leader = activeOf(asked, state, view).find((id) => replicas.includes(id));
  if (leader === undefined) return state;
  if (isr.includes(leader)) return led(state, leader, view);
  if (elr.includes(leader)) return led(withIsr(state, [leader], { view }), leader, view);
  const alone = { ...state, isr: [leader], elr: [], lastKnownElr: [], recovering: true };
  return led(alone, leader, view);
}

/** Grows first: all replicas, old and new, until the new ones are in sync. */
function reassigned(state: PartitionImage, wanted: readonly BrokerId[]): PartitionImage {
  const before = state.replicas.filter((id) => !state.addingReplicas.includes(id));
  const removing = before.filter((id) => !wanted.includes(id));
  // What an earlier move has begun to copy and this one does not want is dropped at the end, too.
  const dropped = state.addingReplicas.filter((id) => !wanted.includes(id));
  const replicas = [...wanted, ...removing, ...dropped];
  return {
    ...withReplicas(state, replicas),
    addingReplicas: wanted.filter((id) => !before.includes(id)),
    removingReplicas: [...removing, ...dropped],
  };
}

/** A move of replicas is over once all that it adds is in sync, and enough are. */
function moved(state: PartitionImage, view: PartitionView): PartitionImage {
  const { addingReplicas, removingReplicas, isr } = state;
  if (addingReplicas.length + removingReplicas.length === 0) return state;
  const left = isr.filter((id) => !removingReplicas.includes(id));
  const targetCount = state.replicas.length - removingReplicas.length;
  const isThere = addingReplicas.every((id) => left.includes(id)) && left.length > 0 &&
    left.length >= Math.min(view.minIsr, targetCount);
  return isThere ? elected(withoutReplicas(state, removingReplicas, { view }), view) : state;
}

function withoutReplicas(
  state: PartitionImage,
  dropped: readonly BrokerId[],
  { view }: { readonly view: PartitionView },
): PartitionImage {
  const isKept = (id: BrokerId) => !dropped.includes(id);
  const next = {
    ...withReplicas(state, state.replicas.filter(isKept)),
    addingReplicas: [],
    removingReplicas: [],
    elr: state.elr.filter(isKept),
    lastKnownElr: state.lastKnownElr.filter(isKept),
  };
  const isr = state.isr.filter(isKept);
  const settled = withIsr({ ...next, isr }, isr, { view });
  return isKept(state.leader) ? settled : { ...settled, leader: nobody, leaderBrokerEpoch: -1 };
}

/** Each replica keeps the data folder that is known of it. */
function withReplicas(state: PartitionImage, replicas: readonly BrokerId[]): PartitionImage {
  if (state.directories.length === 0) return { ...state, replicas };
  const directories = replicas.map((id) =>
    state.directories[state.replicas.indexOf(id)] ?? ZERO_UUID
  );
  return { ...state, replicas, directories };
}

/**
 * Why the leader's word on its ISR does not count: NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH,
 * INVALID_UPDATE_VERSION (it has not seen the last change yet), INELIGIBLE_REPLICA; NONE: it does.
 */
export function alterProblem(
  state: PartitionImage,
  asked: {
    readonly leader: BrokerId;
    readonly brokerEpoch: Int64;
    readonly leaderEpoch: LeaderEpoch;
    readonly partitionEpoch: number;
    readonly isr: readonly InSyncReplica[];
  },
  view: PartitionView,
): ErrorCode {
  const { leader, leaderEpoch, isr } = asked;
  if (state.leader !== leader) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  if (leaderEpoch !== state.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (view.epochOf(leader) !== asked.brokerEpoch) return ErrorCode.STALE_BROKER_EPOCH;
  if (asked.partitionEpoch !== state.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION;
  if (!isr.some(({ id }) => id === leader)) return ErrorCode.INVALID_REQUEST;
  const isEligible = ({ id, epoch }: InSyncReplica) =>
    state.replicas.includes(id) && (state.isr.includes(id) ||
      (isActive(id, state, view) && (epoch === -1 || epoch === view.epochOf(id))));
  return isr.every(isEligible) ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA;
}

/** Throws AssertionError where a state cannot be. */
function checkPartitionState(state: PartitionImage): void {
  const { leader, replicas, isr, elr, lastKnownElr, addingReplicas, removingReplicas } = state;
  assert(leader === nobody || isr.includes(leader), "the leader is in sync");
  const named = [...isr, ...elr, ...lastKnownElr];
  assert(new Set(named).size === named.length, "nobody is both in sync and eligible");
  assert(named.every((id) => replicas.includes(id)), "who is in sync is a replica");
  assert(new Set(replicas).size === replicas.length, "no broker has two replicas");
  const moving = [...addingReplicas, ...removingReplicas];
  assert(moving.every((id) => replicas.includes(id)), "what is moved is a replica");
  assert(!state.recovering || isr.length <= 1, "who recovers does so alone");
}

/** The record that makes `after` of `before`. */
export function partitionChange(
  topicId: Uuid,
  before: PartitionImage,
  after: PartitionImage,
): MetadataRecordInput {
  const changed = <K extends keyof PartitionImage>(key: K) =>
    sameList(before[key] as Listed, after[key] as Listed) ? null : after[key] as Listed;
  type Listed = readonly (BrokerId | Uuid)[];
  const brokers = (key: "isr" | "replicas" | "elr" | "lastKnownElr") =>
    changed(key) as readonly BrokerId[] | null;
  const hasElr = changed("elr") !== null || changed("lastKnownElr") !== null;
  const directories = changed("directories") as readonly Uuid[] | null;
  return {
    type: "PartitionChangeRecord",
    version: hasElr ? 2 : directories === null ? 0 : 1,
    fields: {
      topicId,
      partitionId: before.id,
      isr: brokers("isr"),
      leader: after.leaderEpoch === before.leaderEpoch ? -2 : after.leader,
      replicas: brokers("replicas"),
      addingReplicas: changed("addingReplicas") as readonly BrokerId[] | null,
      removingReplicas: changed("removingReplicas") as readonly BrokerId[] | null,
      leaderRecoveryState: before.recovering === after.recovering ? -1 : Number(after.recovering),
      ...directories !== null && { directories },
      ...hasElr && {
        eligibleLeaderReplicas: brokers("elr"),
        lastKnownElr: brokers("lastKnownElr"),
      },
      leaderBrokerEpoch: after.leaderBrokerEpoch,
    },
  };
}

function isSame(a: PartitionImage, b: PartitionImage): boolean {
  if (a === b) return true;
  return a.leader === b.leader && a.leaderEpoch === b.leaderEpoch &&
    a.leaderBrokerEpoch === b.leaderBrokerEpoch && a.recovering === b.recovering &&
    lists.every((key) => sameList(a[key], b[key]));
}

const lists = [
  "replicas",
  "isr",
  "elr",
  "lastKnownElr",
  "addingReplicas",
  "removingReplicas",
] as const;

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
