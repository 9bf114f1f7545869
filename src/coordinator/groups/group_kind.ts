// What every kind of group has to say for itself, so that committed offsets, their expiry,
// deletion, lists and the machine need not know one kind from another. group_kinds.ts has the
// kinds.

import type { Int64 } from "../../base/int64.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { AlarmOwner } from "./clockwork.ts";
import type { Group, GroupOf, GroupType } from "./group.ts";
import type { TopicPartitions } from "./modern/assignment.ts";
import type { GroupTopics } from "./modern/topics.ts";
import type { CommittedOffset } from "./offsets/offset_table.ts";
import type { GroupCoordinatorRecord, RecordsOfGroups } from "./record_kinds.ts";
import type { Turn } from "./turn.ts";

/** Who commits or reads offsets, as OffsetCommit and OffsetFetch say it. */
export interface OffsetsClient {
  /** null or "": the client says that it is no member. */
  readonly memberId: string | null;
  readonly groupInstanceId: string | null;
  /** Negative when the client says that it is no member. */
  readonly generationIdOrMemberEpoch: number;
  readonly apiVersion: number;
  /** Older producers say nothing of the group's member for whom they commit (KIP-447). */
  readonly isTransactional?: boolean;
  /** The partitions that are committed, of topics that exist; undefined when offsets are read. */
  readonly topics: readonly NamedPartitions[] | undefined;
}

/** What a member takes besides its texts: its object, its place in maps, its alarm. */
export const memberOverheadBytes = 512;

/** Partitions of a topic, by both of its names. */
interface NamedPartitions extends TopicPartitions {
  readonly name: string;
}

/** From when on the retention of an offset counts; undefined while it cannot expire. */
export type ExpiryBase = (topic: string, offset: CommittedOffset) => Int64 | undefined;

/** How the groups of one type behave where all types are alike. */
export interface GroupKind<Type extends GroupType> {
  readonly type: Type;
  /**
   * Takes over a record of this type. Whoever it is of may not be there yet, or be of another type.
   */
  readonly apply: (groups: Map<string, Group>, record: RecordsOfGroups[Type]) => void;
  /** The group was read from the log, and is led here from now on. */
  readonly onLoaded: (turn: Turn, group: GroupOf<Type>) => void;
  /** An alarm of the group rang. */
  readonly onAlarm: (turn: Turn, group: GroupOf<Type>, owner: AlarmOwner) => void;
  /** The group ends, or is led elsewhere: nothing of it waits or rings on. */
  readonly dissolve: (turn: Turn, group: GroupOf<Type>, errorCode: ErrorCode) => void;
  /** About as many bytes as its members hold: what they said of themselves and were assigned. */
  readonly memberBytes: (group: GroupOf<Type>) => number;
  /** Throws AssertionError when the group contradicts itself. For tests. */
  readonly assertConsistent: (group: GroupOf<Type>) => void;

  /** As ListGroups names it: "Stable" and so on. */
  readonly state: (group: GroupOf<Type>) => string;
  /** As ListGroups tells it: "consumer", "connect", "share"... */
  readonly protocolType: (group: GroupOf<Type>) => string;

  /** Whether DeleteGroups may end it. */
  readonly isEmpty: (group: GroupOf<Type>) => boolean;
  /** Whether nothing speaks for keeping it once its offsets are gone. */
  readonly isUnused: (group: GroupOf<Type>) => boolean;
  /** What ends it in the log, its offsets apart. */
  readonly end: (group: GroupOf<Type>) => GroupCoordinatorRecord[];

  /** Why this client may not commit, or NONE. */
  readonly commitError: (group: GroupOf<Type>, client: OffsetsClient) => ErrorCode;
  /** Why this client may not read offsets, or NONE. */
  readonly fetchError: (group: GroupOf<Type>, client: OffsetsClient) => ErrorCode;
  /** A member has committed. */
  readonly onCommit: (turn: Turn, group: GroupOf<Type>, memberId: string) => void;
  /** Why no offset at all may be deleted, or NONE. */
  readonly deleteOffsetsError: (group: GroupOf<Type>) => ErrorCode;
  /** Whether a member may read `topic`. What cannot be told, or not yet, is taken for a yes. */
  readonly isSubscribedTo: (group: GroupOf<Type>, topic: string) => boolean;
  /** When the group's offsets expire; undefined while none can. */
  readonly expiryBase: (group: GroupOf<Type>) => ExpiryBase | undefined;
  /** Topics were deleted: what ends with them, committed offsets apart. Absent: nothing. */
  readonly onTopicsDeleted?: (
    group: GroupOf<Type>,
    topics: GroupTopics,
  ) => GroupCoordinatorRecord[];
}
