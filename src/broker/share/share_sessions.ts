// The share sessions of members (KIP-932): which partitions a member reads, so that its requests
// name changes only, and what is let go of once it leaves.
//
//   request's epoch   ShareFetch                           ShareAcknowledge
//   0                 a session begins; an earlier one     INVALID_SHARE_SESSION_EPOCH
//                     of the member ends
//   its own           it goes on                           it goes on
//   -1                it ends after this                   it ends after this
//   any other         INVALID_SHARE_SESSION_EPOCH          INVALID_SHARE_SESSION_EPOCH
//   without session   SHARE_SESSION_NOT_FOUND              SHARE_SESSION_NOT_FOUND
//
// A session ends with its connection, too: who crashes does not keep what it holds until its locks
// run out. Invariant: there are at most `sessionsMax` sessions, and together they take at most
// `bytesMax`.
//
// Differs from Kafka: the memory of all share sessions together is bounded, besides their number.

import type { PartitionId, Uuid } from "../../base/ids.ts";
import type { SharePartitionKey } from "../../coordinator/mod.ts";
import { type MetadataImage, shareVersionFeature } from "../../cluster/mod.ts";
import type { Requester } from "../../base/requester.ts";
import { ErrorCode } from "../../protocol/mod.ts";

export interface ShareSessionsOptions {
  /** `group.share.max.share.sessions`. */
  readonly sessionsMax: () => number;
  readonly bytesMax: number;
  /** A member's session is over: what it held is for others. */
  readonly onEnded: (ended: EndedSession) => void;
}

export interface EndedSession {
  readonly groupId: string;
  readonly memberId: string;
  readonly partitions: readonly SharePartitionKey[];
}

/** A member's partitions, as its requests name them. */
export interface NamedPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionId[];
}

export interface ShareSessionRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly epoch: number;
  /** Whose connection it is: the session ends with it. */
  readonly owner: Requester;
}

/** A fetch, and what it changes. */
export interface ShareFetchBegin extends ShareSessionRequest {
  readonly wanted: readonly NamedPartitions[];
  readonly forgotten: readonly NamedPartitions[];
  readonly isAcknowledging: boolean;
}

const initialEpoch = 0;
const finalEpoch = -1;

/** About what a partition, and a session besides, takes in memory. */
const partitionBytes = 256;
const sessionBytes = 1024;

interface ShareSession {
  readonly groupId: string;
  readonly memberId: string;
  epoch: number;
  readonly partitions: Map<string, SharePartitionKey>;
  letGoOfOwner: () => void;
}

export class ShareSessions {
  readonly #options: ShareSessionsOptions;
  readonly #byGroup = new Map<string, Map<string, ShareSession>>();
  #count = 0;
  #partitionCount = 0;

  constructor(options: ShareSessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** Partitions of all sessions. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** What all of them take in memory, about. */
  get bytes(): number {
    return this.#partitionCount * partitionBytes + this.#count * sessionBytes;
  }

  /** Whether a member of the group has a session here. */
  hasGroup(groupId: string): boolean {
    return this.#byGroup.has(groupId);
  }

  /** Whether the member's session is still the one that a request of `epoch` went on with. */
  isCurrent({ groupId, memberId, epoch }: Omit<ShareSessionRequest, "owner">): boolean {
    return this.#byGroup.get(groupId)?.get(memberId)?.epoch === epochAfter(epoch);
  }

  /** What a ShareFetch reads, in this order; or why it may not. */
  fetch(request: ShareFetchBegin): readonly SharePartitionKey[] | ErrorCode {
    const { groupId, memberId, epoch } = request;
    if (epoch === initialEpoch) return this.#create(request);
    const session = this.#find(request);
    if (session === undefined) return ErrorCode.SHARE_SESSION_NOT_FOUND;
    if (epoch === finalEpoch) return [];
    if (epoch !== session.epoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    if (!this.#update(session, request)) {
      this.end(groupId, memberId);
      return ErrorCode.SHARE_SESSION_NOT_FOUND;
    }
    this.#goOn(session, request);
    return inTurn([...session.partitions.values()], epoch);
  }

  /** NONE, or why a ShareAcknowledge is refused. */
  acknowledge(request: ShareSessionRequest): ErrorCode {
    const { epoch } = request;
    if (epoch === initialEpoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    const session = this.#find(request);
    if (session === undefined) return ErrorCode.SHARE_SESSION_NOT_FOUND;
    if (epoch === finalEpoch) return ErrorCode.NONE;
    if (epoch !== session.epoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    this.#goOn(session, request);
    return ErrorCode.NONE;
  }

  /** The member reads no more. */
  end(groupId: string, memberId: string): void {
    const session = this.#byGroup.get(groupId)?.get(memberId);
    if (session === undefined) return;
    this.#remove(session);
    const partitions = [...session.partitions.values()];
    this.#options.onEnded({ groupId, memberId, partitions });
  }

  #find({ groupId, memberId }: ShareSessionRequest): ShareSession | undefined {
    return this.#byGroup.get(groupId)?.get(memberId);
  }

  #create(request: ShareFetchBegin): readonly SharePartitionKey[] | ErrorCode {
    const { groupId, memberId } = request;
    if (request.isAcknowledging) return ErrorCode.INVALID_REQUEST;
    const before = this.#find(request);
    if (before !== undefined) this.#remove(before);
    const { sessionsMax, bytesMax } = this.#options;
    if (this.#count >= sessionsMax() || this.bytes + sessionBytes > bytesMax) {
      return ErrorCode.SHARE_SESSION_LIMIT_REACHED;
    }
    const session: ShareSession = {
      groupId,
      memberId,
      epoch: initialEpoch,
      partitions: new Map(),
      letGoOfOwner: () => {},
    };
    const members = this.#byGroup.get(groupId) ?? new Map<string, ShareSession>();
    this.#byGroup.set(groupId, members.set(memberId, session));
    this.#count++;
    if (!this.#update(session, request)) {
      this.end(groupId, memberId);
      return ErrorCode.SHARE_SESSION_LIMIT_REACHED;
    }
    this.#goOn(session, request);
    return [...session.partitions.values()];
  }

  /** Returns false, half done or not begun, when all sessions together come to take too much. */
  #update(session: ShareSession, { wanted, forgotten }: ShareFetchBegin): boolean {
    const { groupId } = session;
    const named = wanted.reduce((count, { partitions }) => count + partitions.length, 0);
    if (named * partitionBytes > this.#options.bytesMax) return false;
    const before = session.partitions.size;
    for (const { topicId, partitions } of wanted) {
      for (const partition of partitions) {
        session.partitions.set(`${topicId}:${partition}`, { groupId, topicId, partition });
      }
    }
    for (const { topicId, partitions } of forgotten) {
      for (const partition of partitions) session.partitions.delete(`${topicId}:${partition}`);
    }
    this.#partitionCount += session.partitions.size - before;
    return this.bytes <= this.#options.bytesMax;
  }

  /** The next request comes with the next epoch, and maybe over another connection. */
  #goOn(session: ShareSession, { owner }: ShareSessionRequest): void {
    session.epoch = epochAfter(session.epoch);
    session.letGoOfOwner();
    session.letGoOfOwner = owner.onEnd(() => this.end(session.groupId, session.memberId));
  }

  #remove(session: ShareSession): void {
    const { groupId, memberId, partitions } = session;
    const members = this.#byGroup.get(groupId);
    if (members?.get(memberId) !== session) return;
    members.delete(memberId);
    if (members.size === 0) this.#byGroup.delete(groupId);
    session.letGoOfOwner();
    this.#count--;
    this.#partitionCount -= partitions.size;
  }
}

function epochAfter(epoch: number): number {
  return epoch === 0x7fff_ffff ? 1 : epoch + 1;
}

/** Each time another one is the first, so that where a bound is reached each has its turn. */
function inTurn(
  partitions: readonly SharePartitionKey[],
  epoch: number,
): readonly SharePartitionKey[] {
  const first = partitions.length === 0 ? 0 : epoch % partitions.length;
  return [...partitions.slice(first), ...partitions.slice(0, first)];
}

/** A member, and what it says of its session. */
export type ShareMember = Omit<ShareSessionRequest, "owner">;

/** Longer than any id that Kafka gives. */
const memberIdLengthMax = 36;

/** Who a request comes from, or why that cannot be. */
export function memberOf(
  { groupId, memberId, shareSessionEpoch: epoch }: {
    readonly groupId: string | null;
    readonly memberId: string | null;
    readonly shareSessionEpoch: number;
  },
  { metadata }: { readonly metadata: { readonly image: MetadataImage } },
): ShareMember | ErrorCode {
  const isServed = (metadata.image.features.get(shareVersionFeature) ?? 0) >= 1;
  if (!isServed) return ErrorCode.UNSUPPORTED_VERSION;
  if (groupId === null || memberId === null) return ErrorCode.INVALID_REQUEST;
  const isId = memberId.length > 0 && memberId.length <= memberIdLengthMax;
  return isId ? { groupId, memberId, epoch } : ErrorCode.INVALID_REQUEST;
}
