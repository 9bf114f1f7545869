// At most one member has a partition in a generation of a classic group; at most one may work on
// it at any time in a group whose coordinator assigns, and so on a task of a streams group.
// Generations and epochs only grow. A committed offset never goes back, since nobody asks for
// that; but a client that lost its connection commits again over another, and what it sent before
// may still be on its way, and arrive last.
//
//   A is given p ... B is given p                    nothing that A asks later as the owner of p
//                                  A beats, commits  may succeed: A was fenced, or gave p up

import { ConsumerGroupDescribe } from "../../src/protocol/apis/69_consumer_group_describe.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { StreamsGroupHeartbeat } from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "../../src/protocol/apis/89_streams_group_describe.ts";
import {
  decodeAssignment,
  ErrorCode,
  OffsetCommit,
  OffsetFetch,
  type RequestOf,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { law } from "../walk/walker.ts";
import { type End, isBefore, type Law } from "./law.ts";
import { entryOf } from "./records_law.ts";
import { type Answered, answeredOf, type Asked, askedOf } from "./wire.ts";

type Span = Pick<Answered, "sentMs" | "answeredMs">;

/** A member was given a partition, in a generation of a classic group. */
interface Grant extends Span {
  readonly memberId: string;
  /** Of static members: whoever has it later takes the same place in a generation. */
  readonly instanceId: string | null;
  readonly generation: number;
}

/** A heartbeat of a member that the coordinator assigns; partitions by topic and number. */
interface Beat {
  readonly groupId: string;
  readonly memberId: string;
  readonly saidEpoch: number;
  readonly had: readonly string[];
  readonly errorCode: ErrorCode;
  readonly epoch: number;
  readonly given: readonly string[];
}

/** Of a grant by a heartbeat. */
const noGeneration = -1;

/** How far something had come when that was answered. */
interface Mark extends Span {
  readonly at: number;
}

export interface GroupsLawOptions {
  readonly nameOf: (topicId: string) => string;
  /** What tasks of streams groups read, one partition each. */
  readonly streamsTopic: string;
}

export class GroupsLaw implements Law {
  /** By group and partition. */
  readonly #grants = new Map<string, Grant[]>();
  /** By group: the generations and epochs that were told. */
  readonly #epochs = new Map<string, Mark>();
  /** By group and partition: what was committed for sure. */
  readonly #committed = new Map<string, Mark>();
  /** By group and partition: the offsets of requests that were not answered. */
  readonly #unheard = new Map<string, Map<Asked["request"], number>>();
  /** The epoch of each member that the coordinator assigns. */
  readonly #memberEpochs = new Map<string, Mark>();

  readonly #options: GroupsLawOptions;

  /** Commits that were answered. */
  commits = 0;
  /** How often a member was given a partition. */
  grants = 0;

  constructor(options: GroupsLawOptions) {
    this.#options = options;
  }

  onAsked(asked: Asked): void {
    const beat = askedOf(asked, ConsumerGroupHeartbeat)?.request ??
      askedOf(asked, StreamsGroupHeartbeat)?.request;
    // Who joins, or leaves, begins anew.
    if (beat !== undefined && beat.memberEpoch <= 0) {
      this.#memberEpochs.delete(`${beat.groupId} ${beat.memberId}`);
    }
    const commit = askedOf(asked, OffsetCommit)?.request;
    for (const { key, offset } of commit === undefined ? [] : committedBy(commit)) {
      entryOf(this.#unheard, key, () => new Map()).set(commit, offset);
    }
  }

  onAnswered(answered: Answered): void {
    this.#onSync(answered);
    this.#onBeat(answered);
    this.#onCommit(answered);
    this.#onFetched(answered);
    const described = answeredOf(answered, ConsumerGroupDescribe)?.response.groups ??
      answeredOf(answered, StreamsGroupDescribe)?.response.groups ?? [];
    for (const { groupId, errorCode, groupEpoch } of described) {
      if (errorCode === ErrorCode.NONE) this.#growTo(groupId, { ...answered, at: groupEpoch });
    }
  }

  atEnd({ offsets }: End): void {
    for (const [key, { at }] of this.#committed) {
      const [groupId = "", partition = ""] = key.split(" ");
      const found = offsets.get(groupId)?.get(partition) ?? -1;
      const isThere = found >= at || this.#mayComeLast(key, found);
      law(isThere, `${groupId} committed ${at} for ${partition}, and ${found} is there`);
    }
  }

  #onSync(answered: Answered): void {
    const sync = answeredOf(answered, SyncGroup);
    if (sync === undefined || sync.response.errorCode !== ErrorCode.NONE) return;
    const { groupId, memberId, generationId, groupInstanceId: instanceId } = sync.request;
    this.#growTo(groupId, { ...answered, at: generationId });
    const { assignment } = sync.response;
    if (assignment.length === 0) return;
    for (const { topic, partitions } of decodeAssignment(assignment).assignedPartitions) {
      for (const partition of partitions) {
        const grants = entryOf(this.#grants, `${groupId} ${topic}-${partition}`, () => []);
        const other = grants.find((grant) =>
          grant.generation === generationId && grant.memberId !== memberId &&
          (instanceId === null || grant.instanceId !== instanceId)
        );
        law(
          other === undefined,
          `${memberId} and ${other?.memberId} have ${topic}-${partition} in ${generationId}`,
        );
        grants.push({ ...answered, memberId, instanceId, generation: generationId });
        this.grants++;
      }
    }
  }

  #onBeat(answered: Answered): void {
    const beat = this.#consumerBeat(answered) ?? this.#streamsBeat(answered);
    if (beat === undefined || beat.errorCode !== ErrorCode.NONE || beat.saidEpoch < 0) return;
    const { groupId, memberId, epoch } = beat;
    const member = `${groupId} ${memberId}`;
    const known = this.#memberEpochs.get(member);
    if (known !== undefined && isBefore(known, answered)) {
      law(epoch >= known.at, `the epoch of ${memberId} goes back from ${known.at} to ${epoch}`);
    }
    this.#memberEpochs.set(member, { ...answered, at: epoch });
    if (beat.saidEpoch > 0) {
      for (const each of beat.had) {
        this.#mayHave(answered, { memberId, key: `${groupId} ${each}` });
      }
    }
    for (const each of beat.given) {
      const grants = entryOf(this.#grants, `${groupId} ${each}`, () => []);
      grants.push({ ...answered, memberId, instanceId: null, generation: noGeneration });
      this.grants++;
    }
  }

  #consumerBeat(answered: Answered): Beat | undefined {
    const beat = answeredOf(answered, ConsumerGroupHeartbeat);
    if (beat === undefined) return undefined;
    const named = (topics: readonly { topicId: string; partitions: readonly number[] }[]) =>
      topics.flatMap(({ topicId, partitions }) =>
        partitions.map((each) => `${this.#options.nameOf(topicId)}-${each}`)
      );
    return {
      ...beat.request,
      saidEpoch: beat.request.memberEpoch,
      had: named(beat.request.topicPartitions ?? []),
      errorCode: beat.response.errorCode,
      epoch: beat.response.memberEpoch,
      given: named(beat.response.assignment?.topicPartitions ?? []),
    };
  }

  #streamsBeat(answered: Answered): Beat | undefined {
    const beat = answeredOf(answered, StreamsGroupHeartbeat);
    if (beat === undefined) return undefined;
    const read = (tasks: readonly { partitions: readonly number[] }[]) =>
      tasks.flatMap(({ partitions }) =>
        partitions.map((each) => `${this.#options.streamsTopic}-${each}`)
      );
    return {
      ...beat.request,
      saidEpoch: beat.request.memberEpoch,
      had: read(beat.request.activeTasks ?? []),
      errorCode: beat.response.errorCode,
      epoch: beat.response.memberEpoch,
      given: read(beat.response.activeTasks ?? []),
    };
  }

  /** Nobody else was given the partition since the member was, before this was sent. */
  #mayHave(answered: Answered, { memberId, key }: { memberId: string; key: string }): void {
    const grants = this.#grants.get(key) ?? [];
    const own = grants.findLast((grant) => grant.memberId === memberId);
    const other = grants.find((grant) =>
      grant.memberId !== memberId && isBefore(grant, answered) &&
      (own === undefined || isBefore(own, grant))
    );
    law(
      other === undefined,
      `${memberId} has ${key}, which ${other?.memberId} was given since`,
    );
  }

  #onCommit(answered: Answered): void {
    const commit = answeredOf(answered, OffsetCommit);
    if (commit === undefined) return;
    const refused = new Set(
      commit.response.topics.flatMap(({ name, partitions }) =>
        partitions.filter(({ errorCode }) => errorCode !== ErrorCode.NONE).map((each) =>
          `${commit.request.groupId} ${name}-${each.partitionIndex}`
        )
      ),
    );
    for (const { key, offset } of committedBy(commit.request)) {
      this.#unheard.get(key)?.delete(commit.request);
      if (refused.has(key)) continue;
      this.commits++;
      this.#mayHave(answered, { memberId: commit.request.memberId, key });
      this.#advance(key, { ...answered, at: offset });
    }
  }

  #onFetched(answered: Answered): void {
    for (const group of answeredOf(answered, OffsetFetch)?.response.groups ?? []) {
      for (const { name, partitions } of group.topics) {
        for (const { partitionIndex, committedOffset, errorCode } of partitions) {
          if (errorCode !== ErrorCode.NONE || committedOffset < 0) continue;
          this.#advance(`${group.groupId} ${name}-${partitionIndex}`, {
            ...answered,
            at: Number(committedOffset),
          });
        }
      }
    }
  }

  #advance(key: string, mark: Mark): void {
    const known = this.#committed.get(key);
    const isBack = known !== undefined && isBefore(known, mark) && mark.at < known.at;
    law(
      !isBack || this.#mayComeLast(key, mark.at),
      `the offset of ${key} goes back from ${known?.at} to ${mark.at}`,
    );
    if (known === undefined || mark.at > known.at || isBack) this.#committed.set(key, mark);
  }

  /** Whether a request that nobody has heard of again would have this committed. */
  #mayComeLast(key: string, at: number): boolean {
    return [...this.#unheard.get(key)?.values() ?? []].includes(at);
  }

  #growTo(groupId: string, mark: Mark): void {
    const known = this.#epochs.get(groupId);
    if (known !== undefined && isBefore(known, mark)) {
      law(mark.at >= known.at, `an epoch of ${groupId} goes back from ${known.at} to ${mark.at}`);
    }
    if (known === undefined || mark.at > known.at) this.#epochs.set(groupId, mark);
  }
}

/** What a request would have committed. */
function committedBy({ groupId, topics }: RequestOf<typeof OffsetCommit>) {
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset }) => ({
      key: `${groupId} ${name}-${partitionIndex}`,
      offset: Number(committedOffset),
    }))
  );
}
