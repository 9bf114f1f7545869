// Makes this broker's logs agree with the metadata image. One place, one direction: whoever wants
// another log changes the metadata, and waits here until that has come about.
//
//   image changes ──at once──> partitions lead or follow, or are forgotten; coordinators are told
//               └──in turn───> logs are opened, deleted
//
// What is to be done is read off the image and the table of partitions, never off a change: a
// change only says of which topic. So nothing is lost where changes come quickly, or come twice.
//
//   a replica is here      no log yet         opened; it leads or follows as the image says then
//                          its log is open    it leads or follows
//                          its log is lost    opened anew once others in sync have what it had
//                          it is damaged      set aside then, and opened anew
//                          it cannot be made  tried again every few seconds
//   no replica is here     its log is open    deleted: it was moved, or its topic is gone
//
// Invariant: work on logs runs in turn, so that a topic may go and come back under the same name.

import { isShortage, isStoreFault, messageOf, throwUnlessStoreFault } from "../../base/faults.ts";
import type { BrokerId, PartitionId } from "../../base/ids.ts";
import type {
  MetadataChange,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from "../../cluster/mod.ts";
import type { PartitionLog, Slices } from "../../log/mod.ts";
import type { Logger } from "../../runtime/ports.ts";
import { Partition } from "./partition.ts";
import type { Hosted, OpenedAs, Partitions } from "./partitions.ts";
import type { ReplicationTerms } from "../replication/partition_replication.ts";

/** The logs themselves. */
export interface ReconciledLogs {
  /** Opens the log of one partition, creating it when it is new. */
  open(
    topic: TopicImage,
    partition: PartitionId,
    options: { readonly isNew: boolean },
  ): Promise<PartitionLog>;
  /** Whether a log that was there once is in no directory that works. */
  isLost(topic: TopicImage, partition: PartitionId): boolean;
  /** Whether others have all that it had. */
  mayBeginAnew(topic: TopicImage, partition: PartitionId): boolean;
  /** Closes it, and deletes its files. */
  delete(log: PartitionLog): Promise<void>;
  /** Closes it, and keeps its files out of the way of the next one of its name. */
  setAside(log: PartitionLog): Promise<void>;
}

/** A log that is not to be here. */
interface Gone {
  readonly log: PartitionLog;
  /** Something is still being done to its files until then. */
  readonly ready: Promise<void> | undefined;
  /** Damaged: another takes its place. */
  readonly isKept: boolean;
}

export interface ReconcilerOptions {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly image: () => MetadataImage;
  readonly partitions: Partitions;
  readonly logs: ReconciledLogs;
  /** New partitions of a topic are open. */
  readonly onOpened: (topic: TopicImage) => Promise<void>;
  /** A partition that was here before is led here from now on. */
  readonly onLed: (partition: Partition) => void;
  /** In a cluster: one is in this state from now on; undefined: it is not to be here. */
  readonly onEntered?: (partition: Partition, state: PartitionImage | undefined) => void;
  /** What replicas in a cluster go by; absent: no other broker has any. */
  readonly terms?: ReplicationTerms;
  /** One that was led here is led here no more. */
  readonly onResigned: (partition: Partition) => void;
  /** Work on logs has failed in a way that nobody has foreseen. */
  readonly onBug: (error: unknown) => void;
  readonly slices: Slices;
  readonly logger: Logger;
}

/** To open or delete a log is about as much work as looking at so many bytes. */
const logWeight = 64 * 1024;
/** To make one: a folder and its first files, each of which is looked for in vain before. */
const newLogWeight = 256 * 1024;

/** Logs being opened or deleted at the same time. */
const doneAtATime = 16;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Before the logs of the last run are open, nothing is new. */
  #isStarted = false;
  #isClosed = false;
  /** The last work on logs. */
  #working: Promise<void> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Opens what this broker has after a start. `onProgress` hears how many are open. */
  async start(onProgress: (opened: number) => void): Promise<void> {
    let opened = 0;
    await this.#someAtATime(this.#replicas(), async ({ topic, id }) => {
      await this.#open(topic, id, "known");
      onProgress(++opened);
    });
    this.#isStarted = true;
    this.review();
  }

  /** The image has changed. */
  follow(changes: readonly MetadataChange[]): void {
    if (!this.#isStarted) return;
    const names = new Set<string>();
    for (const change of changes) {
      const isOfTopic = change.type === "topicRemoved" || change.type === "partitionChanged";
      if (isOfTopic) names.add(change.topic.name);
    }
    this.#reconcile(names);
  }

  /** Others take this broker for dead: it leads nothing until the image says so again. */
  fence(): void {
    for (const partition of this.#options.partitions.all()) {
      if (!partition.isLeader) continue;
      partition.follow(partition.leaderEpoch);
      this.#options.onResigned(partition);
    }
  }

  /** In a cluster: what lies on a disk that has failed neither leads nor follows any more. */
  leaveOffline(): void {
    const { partitions, terms, onEntered } = this.#options;
    if (terms === undefined) return;
    for (const partition of partitions.offline()) {
      partition.follow(partition.leaderEpoch);
      onEntered?.(partition, undefined);
    }
  }

  /** The log of one has been cut: the image may say other things of it by now. */
  onCut({ topic }: Partition): void {
    if (this.#isStarted) this.#reconcile(new Set([topic]));
  }

  /** The image is another: looks at all of it. */
  review(): void {
    const { image, partitions } = this.#options;
    this.#reconcile(new Set([...image().topics().map(({ name }) => name), ...partitions.topics()]));
  }

  /** Whether all of a topic that is to be here is here, open or offline. */
  isSettled(topic: TopicImage): boolean {
    return this.#missing(topic).length === 0;
  }

  /** Resolves once what the image says by now has come about. */
  settled(): Promise<void> {
    return this.#working;
  }

  /** Tries those again that could not be opened for want of room, or could not be made. */
  openLater(): Promise<void> {
    return this.#inTurn(async () => {
      const { image, partitions } = this.#options;
      for (const { topic: name, id, as } of partitions.toOpenLater()) {
        const topic = image().topic(name);
        if (topic === undefined || partitions.topicId(name) !== topic.id) continue;
        if (this.#isClosed) return;
        if (as !== "known" && !this.#mayBeMade(topic, id)) continue;
        await this.#open(topic, id, as);
        if (partitions.hosted(name, id) instanceof Partition) await this.#noteOpened(topic);
      }
    });
  }

  /** Whether it lacks nothing that counts: all had nothing, or others have what it had. */
  #mayBeMade(topic: TopicImage, id: PartitionId): boolean {
    const isInSync = this.#stateOf(topic, id)?.isr.includes(this.#options.nodeId) === true;
    return isInSync || this.#options.logs.mayBeginAnew(topic, id);
  }

  /**
   * Nothing follows the image any more. Resolves once no log is being worked on; what was still to
   * be done the next start finds in the image.
   */
  close(): Promise<void> {
    this.#isStarted = false;
    this.#isClosed = true;
    return this.#working;
  }

  *#replicas() {
    for (const topic of this.#options.image().topics()) {
      for (const state of topic.partitions) {
        if (this.#isReplica(state)) yield { topic, id: state.id };
      }
    }
  }

  /** What goes, goes first: a topic of the same name may come. */
  #reconcile(names: ReadonlySet<string>): void {
    const gone = [...names].flatMap((name) => this.#leaveGone(name));
    if (gone.length > 0) {
      this.#inTurn(() => this.#someAtATime(gone, (each) => this.#takeAway(each)));
    }
    for (const name of names) {
      const topic = this.#options.image().topic(name);
      if (topic === undefined) continue;
      for (const state of topic.partitions) {
        const found = this.#options.partitions.hosted(name, state.id);
        if (found instanceof Partition) this.#enter(found, state);
      }
      if (!this.isSettled(topic)) this.#openMissing(name);
    }
  }

  /** Takes what is not to be here out of the table, and returns its logs. */
  #leaveGone(name: string): Gone[] {
    const { image, partitions } = this.#options;
    const topic = image().topic(name);
    const known = partitions.topicId(name);
    if (known === undefined) return [];
    if (known !== topic?.id) {
      return partitions.removeTopic(name).map((each) => this.#leave(each, { isKept: false }));
    }
    return topic.partitions.flatMap((state) => {
      const found = partitions.hosted(name, state.id);
      const isReplica = this.#isReplica(state);
      if (isReplica && !this.#isReplaceable(topic, found)) return [];
      partitions.remove(name, state.id);
      return found instanceof Partition ? [this.#leave(found, { isKept: isReplica })] : [];
    });
  }

  /** Whether its log is damaged, and others in sync have all that it had. */
  #isReplaceable(topic: TopicImage, found: Hosted | undefined): boolean {
    return found instanceof Partition && found.log.isDamaged &&
      this.#options.logs.mayBeginAnew(topic, found.id);
  }

  #enter(partition: Partition, state: PartitionImage): void {
    const { onLed, onResigned, onEntered, terms } = this.#options;
    // Its turn comes once its log is whole again.
    if (partition.cutting !== undefined) return;
    if (terms !== undefined && partition.log.directory.offlineReason !== undefined) return;
    const { leaderEpoch } = state;
    const wasLeader = partition.isLeader;
    if (this.#leads(state)) partition.lead(leaderEpoch, state);
    else partition.follow(leaderEpoch, state);
    onEntered?.(partition, state);
    if (partition.isLeader === wasLeader) return;
    if (wasLeader) onResigned(partition);
    else onLed(partition);
  }

  /** Whether this broker leads, as the registration that it has now. */
  #leads({ leader, leaderBrokerEpoch }: PartitionImage): boolean {
    const { nodeId, image } = this.#options;
    if (leader !== nodeId) return false;
    return leaderBrokerEpoch === -1 || leaderBrokerEpoch === image().broker(nodeId)?.epoch;
  }

  /** Who waits for it is answered, and nothing is appended any more. */
  #leave(partition: Partition, { isKept }: Pick<Gone, "isKept">): Gone {
    const wasLeader = partition.isLeader;
    partition.follow(partition.leaderEpoch);
    partition.wake();
    this.#options.onEntered?.(partition, undefined);
    if (wasLeader) this.#options.onResigned(partition);
    return { log: partition.log, ready: partition.cutting, isKept };
  }

  /** What stays behind is set aside at the next start: the metadata does not know it any more. */
  async #takeAway({ log, ready, isKept }: Gone): Promise<void> {
    const { logs } = this.#options;
    try {
      await ready?.catch(throwUnlessStoreFault);
      await (isKept ? logs.setAside(log) : logs.delete(log));
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      this.#options.logger.log("error", "the files of a partition that is gone are left", {
        partition: `${log.topic}-${log.partition}`,
        reason: messageOf(error),
      });
    }
  }

  #isReplica({ replicas }: PartitionImage): boolean {
    return replicas.includes(this.#options.nodeId);
  }

  /** What is to be here of a topic, and is not. */
  #missing(topic: TopicImage): PartitionImage[] {
    const { partitions, logs } = this.#options;
    return topic.partitions.filter((state) => {
      if (!this.#isReplica(state)) return false;
      const found = partitions.hosted(topic.name, state.id);
      if (found === undefined || found instanceof Partition) return found === undefined;
      return found.isLost && logs.mayBeginAnew(topic, state.id);
    });
  }

  #openMissing(name: string): void {
    const { image } = this.#options;
    this.#inTurn(async () => {
      const topic = image().topic(name);
      const missing = topic === undefined ? [] : this.#missing(topic);
      if (topic === undefined || missing.length === 0) return;
      // One by one: each goes where the fewest are by then.
      for (const { id } of missing) {
        if (this.#isClosed) return;
        // Of thousands the topic may be gone before its last one is reached.
        if (this.#stateOf(topic, id) === undefined) continue;
        const isNew = this.#options.partitions.hosted(name, id) === undefined;
        await this.#open(topic, id, isNew ? "new" : "anew");
        await this.#giveWay(newLogWeight);
      }
      await this.#noteOpened(topic);
    });
  }

  async #noteOpened(topic: TopicImage): Promise<void> {
    const { onOpened, logger } = this.#options;
    try {
      await onOpened(topic);
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      // They are open and serve; the next start tells the metadata where they are.
      logger.log("warn", "where new partitions lie could not be recorded", {
        topic: topic.name,
        reason: messageOf(error),
      });
    }
  }

  async #open(topic: TopicImage, id: PartitionId, as: OpenedAs): Promise<void> {
    const { partitions, logs, logger } = this.#options;
    const partition = `${topic.name}-${id}`;
    try {
      await this.#enterOpened(topic, await logs.open(topic, id, { isNew: as === "new" }));
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      const reason = messageOf(error);
      const isShort = isShortage(error.cause);
      const later = isShort || as !== "known" ? as : undefined;
      const isLost = as === "anew" || logs.isLost(topic, id);
      const before = partitions.hosted(topic.name, id);
      // What has gone meanwhile has no place in the table.
      if (this.#stateOf(topic, id) === undefined) return;
      partitions.put(topic, id, { reason, later, isLost });
      // It is tried again every few seconds; one line for the whole disk says so.
      if (isShort || before !== undefined && "reason" in before && before.reason === reason) return;
      logger.log("error", "a partition is offline", { partition, reason });
      return;
    }
    if (as !== "anew" || !(partitions.hosted(topic.name, id) instanceof Partition)) return;
    const message = "a partition whose files are gone begins anew, from others in sync";
    logger.log("warn", message, { partition });
  }

  /** The image may have changed while it was being opened. */
  async #enterOpened(topic: TopicImage, log: PartitionLog): Promise<void> {
    const { partitions, terms, onEntered } = this.#options;
    const id = log.partition;
    const state = this.#stateOf(topic, id);
    if (state === undefined) {
      return await this.#takeAway({ log, ready: undefined, isKept: false });
    }
    const { leaderEpoch } = state;
    const { appended } = partitions;
    const isLeader = this.#leads(state);
    const known = terms === undefined ? {} : { terms, state };
    const partition = new Partition(log, { leaderEpoch, isLeader, appended, ...known });
    partitions.put(topic, id, partition);
    onEntered?.(partition, state);
  }

  /** What the image says of a partition by now; undefined when it is not to be here. */
  #stateOf({ id: topicId }: TopicImage, id: PartitionId): PartitionImage | undefined {
    const state = this.#options.image().topicById(topicId)?.partitions[id];
    return state !== undefined && this.#isReplica(state) ? state : undefined;
  }

  /** Some at a time, so that their syncs overlap; the event loop has its turns in between. */
  async #someAtATime<T>(items: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
    const due = items[Symbol.iterator]();
    const runNext = async () => {
      for (let next = due.next(); !next.done && !this.#isClosed; next = due.next()) {
        await run(next.value);
        await this.#giveWay(logWeight);
      }
    };
    await Promise.all(Array.from({ length: doneAtATime }, runNext));
  }

  async #giveWay(weight: number): Promise<void> {
    const { slices } = this.#options;
    slices.spend(weight);
    if (slices.isOver) await slices.next();
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(run).catch((error) => this.#options.onBug(error));
    return this.#working;
  }
}
