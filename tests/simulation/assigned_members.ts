// Members whom the coordinator assigns, by their requests: of the consumer protocol (KIP-848), and
// of streams groups (KIP-1071), where each task reads a partition.
//
//   become target ──> beat ──> commit one further ──> ...     lazy: works on what it has to give up
//
// The two differ in how their heartbeats say it: a Voice each.

import type { Client } from "../../src/client/mod.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { StreamsGroupHeartbeat } from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { ErrorCode, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import { type Actor, ask, type Life } from "./actor.ts";
import type { MemberOptions } from "./members.ts";

export interface AssignedMemberOptions extends MemberOptions {
  readonly speaks: "consumer" | "streams";
  /** Known once the topic is there. */
  readonly topicId: () => string;
  /** Nobody commits further. */
  readonly recordsMax: number;
}

/** A member by heartbeats, which commits one offset more now and then. */
export class AssignedMember implements Actor {
  readonly name: string;
  readonly #options: AssignedMemberOptions;

  constructor(name: string, options: AssignedMemberOptions) {
    this.name = name;
    this.#options = options;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    while (!life.isOver) {
      const stay = new Stay(client, { ...this.#options, memberId: life.newName() });
      while (!life.isOver) {
        if (life.isTroubled && life.random.chance(0.02)) break;
        // Who is lazy works on for a while on what it has to give up.
        if (life.random.chance(0.7)) await stay.becomeTarget();
        await stay.beat();
        if (life.random.chance(0.6)) await stay.commit();
        await life.passSome(100, 600);
        if (life.isTroubled && life.random.chance(0.02)) {
          await life.passSome(2_000, 6_000);
        }
      }
      await stay.leave();
    }
    client.close();
  }
}

interface StayOptions extends AssignedMemberOptions {
  readonly memberId: string;
}

/** What a member has, or is to have. */
interface Held {
  readonly partitions: readonly number[];
  /** Tasks of a streams group whose state it copies. */
  readonly copies: readonly number[];
}

/** What a heartbeat says beside whose it is. */
interface Said {
  readonly memberEpoch: number;
  /** Whether the coordinator may not know what the member said before. */
  readonly isFull: boolean;
  /** null: the same as before. */
  readonly held: Held | null;
}

/** What the coordinator says to it. */
interface Heard {
  readonly errorCode: ErrorCode;
  readonly memberEpoch: number;
  /** null: the same as before. */
  readonly target: Held | null;
}

/** How members of a kind of groups say it; asks until that is answered. */
type Voice = (
  client: Client,
  options: StayOptions,
  said: (isRepeated: boolean) => Said,
) => Promise<Heard>;

const consumerVoice: Voice = async (client, { groupId, memberId, topic, topicId }, said) => {
  const { errorCode, memberEpoch, assignment } = await ask(client, ConsumerGroupHeartbeat, {
    message(isRepeated) {
      const { memberEpoch, isFull, held } = said(isRepeated);
      const partitions = [...held?.partitions ?? []];
      return {
        groupId,
        memberId,
        memberEpoch,
        instanceId: null,
        rackId: null,
        rebalanceTimeoutMs: isFull ? rebalanceTimeoutMs : -1,
        subscribedTopicNames: isFull ? [topic] : null,
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: held &&
          (partitions.length === 0 ? [] : [{ topicId: topicId(), partitions }]),
      };
    },
    codeOf: ({ errorCode }) => errorCode,
  });
  const partitions = assignment?.topicPartitions.flatMap((each) => [...each.partitions]);
  return { errorCode, memberEpoch, target: partitions ? { partitions, copies: [] } : null };
};

const streamsVoice: Voice = async (client, { groupId, memberId, topic }, said) => {
  const { errorCode, memberEpoch, activeTasks, standbyTasks } = await ask(
    client,
    StreamsGroupHeartbeat,
    {
      message(isRepeated) {
        const { memberEpoch, isFull, held } = said(isRepeated);
        return {
          groupId,
          memberId,
          memberEpoch,
          endpointInformationEpoch: 0,
          instanceId: null,
          rackId: null,
          rebalanceTimeoutMs: isFull ? rebalanceTimeoutMs : -1,
          topology: memberEpoch === 0 ? topologyOf(groupId, topic) : null,
          activeTasks: held && tasksOf(held.partitions),
          standbyTasks: held && tasksOf(held.copies),
          warmupTasks: held && [],
          processId: isFull ? memberId : null,
          userEndpoint: null,
          clientTags: isFull ? [] : null,
          shutdownApplication: false,
        };
      },
      codeOf: ({ errorCode }) => errorCode,
    },
  );
  const target = activeTasks && {
    partitions: activeTasks.flatMap(({ partitions }) => [...partitions]),
    copies: standbyTasks?.flatMap(({ partitions }) => [...partitions]) ?? [],
  };
  return { errorCode, memberEpoch, target };
};

const voices = { consumer: consumerVoice, streams: streamsVoice } as const;

const rebalanceTimeoutMs = 5_000;
const subtopologyId = "0";

/** Reads the topic, and keeps a state; the broker makes its changelog. */
function topologyOf(groupId: string, topic: string) {
  return {
    epoch: 0,
    subtopologies: [{
      subtopologyId,
      sourceTopics: [topic],
      sourceTopicRegex: [],
      stateChangelogTopics: [
        {
          name: `${groupId}-state-changelog`,
          partitions: 0,
          replicationFactor: 0,
          topicConfigs: [],
        },
      ],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    }],
  };
}

function tasksOf(partitions: readonly number[]) {
  return partitions.length === 0 ? [] : [{ subtopologyId, partitions: [...partitions] }];
}

/** A member from its joining to its leaving, fenced as often as may be. */
class Stay {
  readonly #client: Client;
  readonly #options: StayOptions;
  #epoch = 0;
  /** How far it is in each partition that it works on. */
  readonly #held = new Map<number, number>();
  #copies: readonly number[] = [];
  /** What it was last told that it is to have. */
  #target: Held = nothing;
  /** What the coordinator was last told that it has; undefined: it may not know. */
  #told: string | undefined;

  constructor(client: Client, options: StayOptions) {
    this.#client = client;
    this.#options = options;
  }

  async beat(): Promise<void> {
    const partitions = [...this.#held.keys()].sort((a, b) => a - b);
    const held = { partitions, copies: this.#copies };
    const isNew = this.#told !== JSON.stringify(held);
    const { errorCode, memberEpoch, target } = await this.#ask((isRepeated) => {
      // Whoever does not know what was heard of it says everything.
      const isFull = isRepeated || this.#epoch === 0 || this.#told === undefined;
      return { memberEpoch: this.#epoch, isFull, held: isFull || isNew ? held : null };
    });
    this.#told = undefined;
    if (errorCode !== ErrorCode.NONE) return this.#fail(errorCode);
    this.#epoch = memberEpoch;
    this.#told = JSON.stringify(held);
    this.#target = target ?? this.#target;
  }

  /** Gives up and takes over what it was told to. */
  async becomeTarget(): Promise<void> {
    for (const partition of this.#held.keys()) {
      if (!this.#target.partitions.includes(partition)) this.#held.delete(partition);
    }
    for (const partition of this.#target.partitions) {
      if (!this.#held.has(partition)) this.#held.set(partition, await this.#committed(partition));
    }
    this.#copies = this.#target.copies;
  }

  /** One further, in every partition. */
  async commit(): Promise<void> {
    const { groupId, topic: name, memberId } = this.#options;
    if (this.#held.size === 0) return;
    const next = [...this.#held].map(([partition, position]) =>
      [partition, Math.min(position + 1, this.#options.recordsMax)] as const
    );
    const { topics } = await ask(this.#client, OffsetCommit, {
      message: {
        groupId,
        memberId,
        generationIdOrMemberEpoch: this.#epoch,
        groupInstanceId: null,
        topics: [{
          name,
          partitions: next.map(([partitionIndex, committedOffset]) => ({
            partitionIndex,
            committedOffset,
            committedMetadata: null,
          })),
        }],
      },
      codeOf: ({ topics }) => topics[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE,
    });
    const errorCode = topics[0]?.partitions[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    if (errorCode === ErrorCode.NONE) {
      for (const [partition, position] of next) this.#held.set(partition, position);
    } else if (errorCode !== ErrorCode.STALE_MEMBER_EPOCH) this.#fail(errorCode);
  }

  async leave(): Promise<void> {
    const goodbye: Said = { memberEpoch: -1, isFull: false, held: null };
    if (this.#epoch > 0) await this.#ask(() => goodbye);
  }

  #ask(said: (isRepeated: boolean) => Said): Promise<Heard> {
    return voices[this.#options.speaks](this.#client, this.#options, said);
  }

  async #committed(partition: number): Promise<number> {
    const { groupId, topic } = this.#options;
    const { groups } = await ask(this.#client, OffsetFetch, {
      message: {
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }],
        requireStable: false,
      },
      codeOf: ({ groups }) => groups[0]?.errorCode ?? ErrorCode.NONE,
    });
    return Math.max(0, Number(groups[0]?.topics[0]?.partitions[0]?.committedOffset ?? 0));
  }

  #fail(errorCode: ErrorCode): void {
    if (!fencedCodes.has(errorCode)) throw new Error(`a member is told ${errorCode}`);
    this.#epoch = 0;
    this.#target = nothing;
    this.#copies = [];
    this.#held.clear();
    this.#told = undefined;
  }
}

const nothing: Held = { partitions: [], copies: [] };

const fencedCodes: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.GROUP_ID_NOT_FOUND,
]);
