// The share coordinator as the group coordinator asks it: to begin to keep the states of share
// partitions, and to forget them.
//
//   member subscribes ──> takeStatesWanted ──> initialize ──> statesInitialized ──> assigned
//                             ^                    └─ some failed: again after a pause
//                             └─ one waits at each shard of the groups, like a client
//
// A state that could be begun and that nobody wants any more by then is forgotten again. One of a
// newer epoch is what an earlier group of this name has left: it is forgotten first.
// Invariant: it ends when its shard resigns, and whoever leads next finds in the log what is left.
//
// Differs from Kafka: if the share state of a partition cannot be initialized, that is tried again
// after at most 5 s; Kafka waits for group.share.initialize.retry.interval.ms, 30 s by default.

import type { Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { WorkSlices } from "../../base/pieces.ts";
import { RareLine } from "../../base/rare_line.ts";
import {
  sharePartitionText,
  type ShareStateQuestion,
  type StateStepResponse,
  type StatesWanted,
  type StatesWantedResponse,
  type TopicPartitions,
} from "../../coordinator/mod.ts";
import { ErrorCode, errorName } from "../../protocol/mod.ts";
import type { Logger, Timers } from "../../runtime/ports.ts";
import type { GroupShard } from "../coordination/groups.ts";
import type { Located } from "../coordination/shards.ts";
import { type SharePersister, type StateAnswer, stateFailure } from "./persister.ts";
import type { SharePartitions } from "./share_partitions.ts";

export interface ShareGroupStatesOptions {
  readonly states: SharePersister;
  /** Who keeps the state of this name; the topic of the states is created where it is missing. */
  readonly locate: (name: string) => Promise<Located | ErrorCode>;
  /** Those who read what is about to change. */
  readonly sharePartitions: Pick<SharePartitions, "forgetGroup">;
  /** Whether there is such a partition. */
  readonly exists: (topicId: Uuid, partition: PartitionId) => boolean;
  readonly slices: WorkSlices;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly monotonic: () => number;
}

/** What became of a partition, or how things stand in it. */
export interface StateOfPartition extends StateAnswer {
  readonly partition: PartitionId;
}

/** The same of each partition of a topic. */
export interface StatesOfTopic {
  readonly topicId: Uuid;
  readonly partitions: readonly StateOfPartition[];
}

/** Where a group is to start in partitions of a topic; -1: where its configuration says. */
export interface StartsInTopic {
  readonly topicId: Uuid;
  readonly starts: ReadonlyMap<PartitionId, Offset>;
}

/** What came of a change: of the whole of it, and of each partition. */
export interface StepsTaken {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly states: readonly StatesOfTopic[];
}

/** The group is led elsewhere by now. */
const resigned: StepsTaken = {
  errorCode: ErrorCode.NOT_COORDINATOR,
  errorMessage: null,
  states: [],
};

/** So many partitions are asked about at a time: what they store is synced together. */
const askedAtOnce = 100;
const firstPauseMs = 50;
const pauseMsMax = 5_000;
const unsaid = -1;

export class ShareGroupStates {
  readonly #options: ShareGroupStatesOptions;
  readonly #keepers = new Set<Promise<void>>();
  /** What is under way for a group, by its id. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #waits: RareLine;

  constructor(options: ShareGroupStatesOptions) {
    this.#options = options;
    const { logger, monotonic } = options;
    this.#waits = new RareLine({
      say: (reason, count) =>
        logger.log("warn", "share groups wait for partitions whose state cannot be stored", {
          reason,
          count,
        }),
      monotonic,
    });
  }

  /** A shard of groups coordinates from now on: what it wants is begun, until it resigns. */
  serve(shard: GroupShard): void {
    const keeper = this.#serve(shard).finally(() => this.#keepers.delete(keeper));
    this.#keepers.add(keeper);
  }

  /** Resolves once no shard is served any more. */
  async close(): Promise<void> {
    await Promise.all(this.#keepers);
  }

  /** A group without members starts elsewhere in these partitions, which exist. */
  alter(
    shard: GroupShard,
    of: { readonly groupId: string; readonly topics: readonly StartsInTopic[] },
  ): Promise<StepsTaken> {
    return this.#inTurn(of.groupId, () => this.#alter(shard, of));
  }

  /** A group without members forgets what it did in these topics, as far as it knows them. */
  forget(
    shard: GroupShard,
    of: { readonly groupId: string; readonly topicIds: readonly Uuid[] | null },
  ): Promise<StepsTaken> {
    return this.#inTurn(of.groupId, () => this.#forget(shard, of));
  }

  /** Of one group one thing is done after the other, in all its steps. */
  async #inTurn<T>(groupId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(groupId);
    const done = before === undefined ? work() : before.then(work, work);
    this.#turns.set(groupId, done);
    try {
      return await done;
    } finally {
      if (this.#turns.get(groupId) === done) this.#turns.delete(groupId);
    }
  }

  async #alter(
    shard: GroupShard,
    { groupId, topics }: { readonly groupId: string; readonly topics: readonly StartsInTopic[] },
  ): Promise<StepsTaken> {
    if (shard.isResigned) return resigned;
    const asked = topics.map(({ topicId, starts }) => ({
      topicId,
      partitions: [...starts.keys()],
    }));
    const begun = await shard.submit<StateStepResponse>((table, at) =>
      table.alterShareOffsets({ groupId, topics: asked }, at)
    );
    if (begun.errorCode !== ErrorCode.NONE) return { ...begun, states: [] };
    this.#options.sharePartitions.forgetGroup(groupId);
    const states = await this.#initialize({ groupId, stateEpoch: begun.stateEpoch }, topics);
    if (shard.isResigned) return resigned;
    const { errorCode, errorMessage } = await this.#tellInitialized(shard, groupId, states);
    return { errorCode, errorMessage, states };
  }

  async #forget(
    shard: GroupShard,
    { groupId, topicIds }: { readonly groupId: string; readonly topicIds: readonly Uuid[] | null },
  ): Promise<StepsTaken> {
    if (shard.isResigned) return resigned;
    const begun = await shard.submit<StateStepResponse>((table, at) =>
      table.forgetShareTopics({ groupId, topicIds }, at)
    );
    if (begun.errorCode !== ErrorCode.NONE) return { ...begun, states: [] };
    this.#options.sharePartitions.forgetGroup(groupId);
    const states = await this.#delete(groupId, begun.topics);
    if (shard.isResigned) return resigned;
    const asked = begun.topics.map(({ topicId }) => topicId);
    const done = states.filter(({ partitions }) => partitions.every(isGone))
      .map(({ topicId }) => topicId);
    const { errorCode, errorMessage } = await shard.submit<StateStepResponse>((table, at) =>
      table.shareTopicsForgotten({ groupId, asked, done }, at)
    );
    return { errorCode, errorMessage, states };
  }

  /** How things stand; without a state where none is kept. */
  summarise(groupId: string, topics: readonly TopicPartitions[]): Promise<StatesOfTopic[]> {
    return this.#each(groupId, topics, (question) => this.#options.states.summarise(question));
  }

  /** Begins to keep states, or begins them anew. Each partition has its own answer. */
  #initialize(
    { groupId, stateEpoch }: Pick<StatesWanted, "groupId" | "stateEpoch">,
    topics: readonly StartsInTopic[],
  ): Promise<StatesOfTopic[]> {
    const starts = new Map(topics.map(({ topicId, starts }) => [topicId, starts]));
    const asked = topics.map(({ topicId, starts }) => ({
      topicId,
      partitions: [...starts.keys()],
    }));
    return this.#each(groupId, asked, async (question) => {
      const { topicId, partition } = question.key;
      const startOffset = starts.get(topicId)?.get(partition) ?? unsaid;
      // The first of them creates the topic of the states.
      const found = await this.#options.locate(sharePartitionText(question.key));
      if (typeof found === "number") return stateFailure(found);
      return await this.#options.states.initialize({ ...question, stateEpoch, startOffset });
    });
  }

  /** Forgets states; one that is not there is forgotten already. */
  #delete(groupId: string, topics: readonly TopicPartitions[]): Promise<StatesOfTopic[]> {
    return this.#each(groupId, topics, (question) => this.#options.states.delete(question));
  }

  /** Those that were begun are told to the group. It answers those that it does not want. */
  #tellInitialized(
    shard: GroupShard,
    groupId: string,
    states: readonly StatesOfTopic[],
  ): StateStepResponse | Promise<StateStepResponse> {
    const topics = answeredWith(states, isDone);
    return shard.submit<StateStepResponse>((table, at) =>
      table.statesInitialized({ groupId, topics }, at)
    );
  }

  async #each(
    groupId: string,
    topics: readonly TopicPartitions[],
    ask: (question: ShareStateQuestion) => Promise<StateAnswer>,
  ): Promise<StatesOfTopic[]> {
    const { exists, slices } = this.#options;
    const answers: StatesOfTopic[] = [];
    for (const { topicId, partitions } of topics) {
      const ofTopic: StateOfPartition[] = [];
      for (let from = 0; from < partitions.length; from += askedAtOnce) {
        const some = partitions.slice(from, from + askedAtOnce);
        ofTopic.push(
          ...await Promise.all(some.map(async (partition) => {
            const isThere = exists(topicId, partition);
            const answer = await ask({ key: { groupId, topicId, partition }, exists: isThere });
            return { partition, ...answer };
          })),
        );
        await slices.next();
      }
      answers.push({ topicId, partitions: ofTopic });
    }
    return answers;
  }

  async #serve(shard: GroupShard): Promise<void> {
    while (!shard.isResigned) {
      const { errorCode, wanted } = await shard.submit<StatesWantedResponse>((table, at) =>
        table.takeStatesWanted(at)
      );
      if (errorCode !== ErrorCode.NONE) return;
      for (const each of wanted) this.#beginInTurn(shard, each, firstPauseMs);
    }
  }

  /** Begins what can be begun now; what is left is tried again after a pause. */
  async #begin(shard: GroupShard, wanted: StatesWanted, pauseMs: number): Promise<void> {
    if (shard.isResigned) return;
    const { groupId, stateEpoch } = wanted;
    const answers = await this.#initialize(
      wanted,
      wanted.topics.map(({ topicId, partitions }) => ({
        topicId,
        starts: new Map(partitions.map((partition) => [partition, unsaid])),
      })),
    );
    if (shard.isResigned) return;
    const { errorCode, topics: unwanted } = await this.#tellInitialized(shard, groupId, answers);
    if (shard.isResigned || errorCode !== ErrorCode.NONE) return;
    if (unwanted.length > 0) await this.#delete(groupId, unwanted);
    await this.#delete(groupId, answeredWith(answers, isFenced));
    const left = answeredWith(answers, isLeft);
    if (left.length === 0) return;
    this.#note(answers);
    this.#options.timers.after(pauseMs, () => {
      if (shard.isResigned) return;
      const again = { groupId, stateEpoch, topics: left };
      this.#beginInTurn(shard, again, Math.min(2 * pauseMs, pauseMsMax));
    });
  }

  #beginInTurn(shard: GroupShard, wanted: StatesWanted, pauseMs: number): void {
    const attempt = this.#inTurn(wanted.groupId, () => this.#begin(shard, wanted, pauseMs))
      .finally(() => this.#keepers.delete(attempt));
    this.#keepers.add(attempt);
  }

  #note(answers: readonly StatesOfTopic[]): void {
    for (const { topicId, partitions } of answers) {
      for (const { partition, errorCode } of partitions) {
        if (isLeft(errorCode)) this.#waits.note(`${topicId}-${partition}: ${errorName(errorCode)}`);
      }
    }
  }
}

function isDone(errorCode: ErrorCode): boolean {
  return errorCode === ErrorCode.NONE;
}

/** Of a partition that is not there no state is left either. */
function isGone({ errorCode }: StateOfPartition): boolean {
  return isDone(errorCode) || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

function isFenced(errorCode: ErrorCode): boolean {
  return errorCode === ErrorCode.FENCED_STATE_EPOCH;
}

/** A partition that is gone needs no state: its group hears of it as well. */
function isLeft(errorCode: ErrorCode): boolean {
  return !isDone(errorCode) && errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

/** The partitions whose answer is such a one. */
function answeredWith(
  answers: readonly StatesOfTopic[],
  isSuch: (errorCode: ErrorCode) => boolean,
): TopicPartitions[] {
  return answers.flatMap(({ topicId, partitions }) => {
    const such = partitions.filter(({ errorCode }) => isSuch(errorCode));
    return such.length === 0
      ? []
      : [{ topicId, partitions: such.map(({ partition }) => partition) }];
  });
}
