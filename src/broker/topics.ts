// Topics: what clients ask to change about them, and what handlers need to know of one.
//
//   decide (src/cluster, pure) --> records --> metadata --> image --> logs opened or deleted
//                                                                     (reconciler.ts)
//
// Changes run one at a time through the change queue, so each sees what the one before has done.
// No request touches a log: it changes the metadata, and waits for the reconciler. When it is
// answered, its partitions are open (or gone) on this broker.

import { isStoreFault, messageOf } from "../base/faults.ts";
import { type Uuid, ZERO_UUID } from "../base/ids.ts";
import { sliced } from "../base/pieces.ts";
import {
  type ChangeQueue,
  type CreateAccess,
  decideCreatePartitions,
  decideCreateTopics,
  decideDeleteTopics,
  decideInternalTopic,
  type DeleteOptions,
  type InternalTopic,
  type MetadataImage,
  type TopicDefaults,
} from "../cluster/mod.ts";
import { coordinatorOn, isInternalTopic } from "../coordinator/mod.ts";
import type { LogConfig } from "../log/mod.ts";
import {
  type CreatePartitions,
  type CreateTopics,
  type DeleteTopics,
  ErrorCode,
  type RequestOf,
  type ResponseInput,
} from "../protocol/mod.ts";
import type { Logger } from "../runtime/ports.ts";
import { internalTopicOf } from "./config/parts.ts";
import {
  type BrokerConfig,
  topicConfigWarnings,
  type TopicOverrides,
  validateTopicConfigs,
} from "./config/mod.ts";
import type { Mutations } from "./limits/mutation_quota.ts";
import type { Partitions } from "./logs/partitions.ts";
import type { Reconciler } from "./logs/reconciler.ts";
import type { Storage } from "./logs/storage.ts";

export interface TopicsOptions {
  readonly config: BrokerConfig;
  readonly change: ChangeQueue;
  readonly image: () => MetadataImage;
  readonly partitions: Pick<Partitions, "offlineReason">;
  readonly reconciler: Pick<Reconciler, "settled" | "isSettled">;
  readonly storage: Pick<Storage, "planLogs" | "slices">;
  readonly newTopicId: () => Uuid;
  readonly logger: Logger;
}

type CreatedTopic = ResponseInput<typeof CreateTopics>["topics"][number];

/** The configuration of a topic's logs, and what it was derived from. */
interface DerivedConfig {
  readonly overrides: TopicOverrides;
  readonly generation: number;
  readonly config: LogConfig;
}

export class Topics {
  readonly #options: TopicsOptions;
  readonly #defaults: TopicDefaults;
  /** Log configuration by topic, dropped when the topic's overrides or the broker's are others. */
  readonly #logConfigs = new Map<string, DerivedConfig>();

  constructor(options: TopicsOptions) {
    this.#options = options;
    const { config } = options;
    this.#defaults = {
      numPartitions: config.get("num.partitions"),
      replicationFactor: config.get("default.replication.factor"),
      configProblem: validateTopicConfigs,
      describeConfigs: (overrides) => config.describeTopic(overrides),
    };
  }

  /** Whether naming a missing topic creates it. */
  get autoCreates(): boolean {
    return this.#options.config.get("auto.create.topics.enable");
  }

  isInternal(name: string): boolean {
    return isInternalTopic(name);
  }

  /** What has been set for a topic. */
  configOverrides(name: string): TopicOverrides {
    return this.#options.image().topicConfigs(name);
  }

  /** What the topic's logs work by. */
  logConfig(name: string): LogConfig {
    const overrides = this.configOverrides(name);
    const { config } = this.#options;
    const { generation } = config;
    let entry = this.#logConfigs.get(name);
    if (entry?.overrides !== overrides || entry.generation !== generation) {
      entry = { overrides, generation, config: config.topicLogConfig(overrides) };
      this.#logConfigs.set(name, entry);
    }
    return entry.config;
  }

  /** How many replicas must have a record before acks=all is answered. */
  minInSyncReplicas(name: string): number {
    const set = this.configOverrides(name).get("min.insync.replicas");
    return set === undefined ? this.#options.config.get("min.insync.replicas") : Number(set);
  }

  /** CreateTopics. */
  async create(
    request: RequestOf<typeof CreateTopics>,
    { access, mutations }: { readonly access?: CreateAccess; readonly mutations?: Mutations } = {},
  ): Promise<ResponseInput<typeof CreateTopics>> {
    const { change, newTopicId, reconciler } = this.#options;
    const response = await change((image) => {
      mutations?.begin();
      const decision = decideCreateTopics(image, request, {
        defaults: this.#defaults,
        newTopicId,
        access,
        roomProblem: this.#roomProblem(),
        take: mutations?.take,
      });
      return sliced(decision, this.#options.storage.slices);
    });
    if (request.validateOnly) return response;
    await reconciler.settled();
    const topics = await this.#withoutUnopened(response.topics);
    this.#warn(request, { topics });
    return { topics };
  }

  /**
   * A new topic of which a log could not be made is not kept: its creator is told why, and may try
   * again.
   */
  async #withoutUnopened(topics: readonly CreatedTopic[]): Promise<CreatedTopic[]> {
    const reasons = new Map<string, string>();
    for (const { name, errorCode } of topics) {
      if (errorCode !== ErrorCode.NONE) continue;
      const reason = this.#options.partitions.offlineReason(name);
      if (reason !== undefined) reasons.set(name, reason);
    }
    if (reasons.size === 0) return [...topics];
    const undone = [...reasons.keys()].map((name) => ({ name, topicId: ZERO_UUID }));
    const rules = { version: 6, deleteTopicEnable: true };
    await this.#delete({ topics: undone, topicNames: [], timeoutMs: 0 }, rules);
    return topics.map((topic) => {
      const errorMessage = reasons.get(topic.name);
      if (errorMessage === undefined) return topic;
      return {
        name: topic.name,
        errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
        errorMessage,
        configs: [],
      };
    });
  }

  /** CreatePartitions. */
  async createPartitions(
    request: RequestOf<typeof CreatePartitions>,
    { mayAlter, mutations }: {
      readonly mayAlter?: (name: string) => boolean;
      readonly mutations?: Mutations;
    } = {},
  ): Promise<ResponseInput<typeof CreatePartitions>> {
    const { change, partitions, reconciler } = this.#options;
    const before = new Map<string, number>();
    const response = await change((image) => {
      mutations?.begin();
      for (const { name } of request.topics) {
        before.set(name, image.topic(name)?.partitions.length ?? 0);
      }
      return decideCreatePartitions(image, request, {
        mayAlter,
        isInternal: isInternalTopic,
        roomProblem: this.#roomProblem(),
        take: mutations?.take,
      });
    });
    if (request.validateOnly) return response;
    await reconciler.settled();
    // Partitions cannot be taken back: they are there, and what keeps them from being used is told.
    const results = response.results.map((result) => {
      const offline = result.errorCode === ErrorCode.NONE
        ? partitions.offlineReason(result.name, before.get(result.name))
        : undefined;
      if (offline === undefined) return result;
      const errorCode: ErrorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      return { name: result.name, errorCode, errorMessage: offline };
    });
    return { results };
  }

  /** Of partitions that a request asks for, before anything of them is written. */
  #roomProblem(): (count: number) => string | undefined {
    const planned = this.#options.storage.planLogs();
    return (count) => planned.add(count);
  }

  /** DeleteTopics. */
  async delete(
    request: RequestOf<typeof DeleteTopics>,
    { mutations, ...rules }: Omit<DeleteOptions, "deleteTopicEnable" | "isInternal" | "take"> & {
      readonly mutations?: Mutations;
    },
  ): Promise<ResponseInput<typeof DeleteTopics>> {
    const deleteTopicEnable = this.#options.config.get("delete.topic.enable");
    return await this.#delete(request, { ...rules, deleteTopicEnable }, mutations);
  }

  async #delete(
    request: RequestOf<typeof DeleteTopics>,
    rules: Omit<DeleteOptions, "isInternal" | "take">,
    mutations?: Mutations,
  ): Promise<ResponseInput<typeof DeleteTopics>> {
    const { change, reconciler } = this.#options;
    const response = await change((image) => {
      mutations?.begin();
      const take = mutations?.take;
      return decideDeleteTopics(image, request, { ...rules, isInternal: isInternalTopic, take });
    });
    await reconciler.settled();
    return response;
  }

  /** Topics are gone. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#logConfigs.delete(name);
  }

  /** Creates topics that a client has named, with the defaults. Returns why not, by name. */
  async createMissing(
    names: readonly string[],
    mutations?: Mutations,
  ): Promise<ReadonlyMap<string, ErrorCode>> {
    try {
      return await this.#createMissing(new Set(names), mutations);
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      const { logger } = this.#options;
      logger.log("error", "topics could not be created", { reason: messageOf(error) });
      return new Map(names.map((name) => [name, ErrorCode.KAFKA_STORAGE_ERROR]));
    }
  }

  async #createMissing(
    wanted: ReadonlySet<string>,
    mutations: Mutations | undefined,
  ): Promise<ReadonlyMap<string, ErrorCode>> {
    // The cluster's own topics are not made by a client's defaults, nor before they are of use.
    for (const name of wanted) {
      const coordinator = coordinatorOn(name);
      if (coordinator === undefined) continue;
      await this.ensureInternal(internalTopicOf(this.#options.config, coordinator));
    }
    const missing = [...wanted].filter((name) => !this.isInternal(name)).map((name) => ({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    }));
    const request = { topics: missing, timeoutMs: 0, validateOnly: false };
    const { topics } = await this.create(request, { mutations });
    const refused = new Map<string, ErrorCode>();
    for (const { name, errorCode } of topics) {
      // Somebody else was faster: the topic is there, which is all that was wanted.
      const isThere = errorCode === ErrorCode.TOPIC_ALREADY_EXISTS;
      if (errorCode !== ErrorCode.NONE && !isThere) refused.set(name, errorCode);
    }
    return refused;
  }

  /** Creates a topic of the cluster's own where it is missing. Returns its number of partitions. */
  async ensureInternal(topic: InternalTopic): Promise<number> {
    const { change, image, newTopicId, reconciler } = this.#options;
    const existing = image().topic(topic.name);
    if (existing !== undefined && reconciler.isSettled(existing)) return existing.partitions.length;
    await change((current) => decideInternalTopic(current, topic, { newTopicId }));
    await reconciler.settled();
    return image().topic(topic.name)?.partitions.length ?? 0;
  }

  /** Says in the log what a new topic asks for and does not get. */
  #warn(
    request: RequestOf<typeof CreateTopics>,
    response: ResponseInput<typeof CreateTopics>,
  ): void {
    for (const { name: topic, configs } of request.topics) {
      const result = response.topics.find(({ name }) => name === topic);
      if (configs.length === 0 || result?.errorCode !== ErrorCode.NONE) continue;
      for (const warning of topicConfigWarnings(configs)) {
        this.#options.logger.log("warn", warning, { topic });
      }
    }
  }
}
