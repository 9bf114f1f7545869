// One history of a cluster by a seed: producers, transactions, members of groups and readers go
// about their work while brokers, disks, clocks, the network and the home of the metadata fail, as
// planned; then all is mended, everything is read, and held against what clients were told.
//
//   seed ──> settings, home, actors, plan of troubles ──> history ──> anomalies, or none
//
// Laws: no anomaly (anomalies.ts); one leader in an epoch (leaders.ts); all replicas have the same;
// what a share group is done with never comes again, nor is anything else passed over (sharing.ts);
// what fails heals, soon after the last trouble is over.
//
// Invariant: a seed and a plan give one history, to the byte.

import { AssertionError } from "../../src/base/assert.ts";
import { ConnectionFault, messageOf, PlatformFault } from "../../src/base/faults.ts";
import { type Client, createTopic, KafkaError } from "../../src/client/mod.ts";
import { NeverSettles } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { machineOf } from "../harness/metadata_homes.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";
import { law, LawBroken } from "../walk/walker.ts";
import {
  act,
  type Actor,
  member,
  onlooker,
  reader,
  sender,
  type Stage,
  type Topic,
  transactor,
} from "./actors.ts";
import { anomaliesOf } from "./anomalies.ts";
import { type Cast, castOf, type HistoryOptions } from "./cast.ts";
import { Chronicle } from "./chronicle.ts";
import { placesOf, readEnd } from "./end_reading.ts";
import { LeadersLaw, watchAppends } from "./leaders.ts";
import { speakingLess } from "./older_brokers.ts";
import type { Found } from "./operations.ts";
import { firstDifference } from "./replicas.ts";
import { Sharing } from "./sharing.ts";
import { type Trouble, Troubles } from "./troubles.ts";

/** As they begin. */
const orders: Topic = { name: "orders", partitions: 2 };
const debits: Topic = { name: "debits", partitions: 1 };
const credits: Topic = { name: "credits", partitions: 2 };
/** It is deleted, and made anew. */
const drafts: Topic = { name: "drafts", partitions: 1 };
const offsetsTopic: Topic = { name: "__consumer_offsets", partitions: 1 };
const transactionsTopic: Topic = { name: "__transaction_state", partitions: 1 };
const topics = [orders, debits, credits, drafts];
const groups = ["readers", "ledger-a", "ledger-b"];

/** By then an etcd has carried out what it was late with (`lateCopies`), and told it. */
const lateMsMax = 10_000;

/** Ten times as many as a long history has. */
const eventsMax = 2_000_000;

/** What a history came to. */
export interface HistorySummary {
  readonly seed: number;
  /** What was wrong; empty where nothing was. */
  readonly broken: readonly string[];
  /** Words by which to find in the story how that came about. */
  readonly about: readonly string[];
  readonly plan: readonly Trouble[];
  readonly story: readonly string[];
  /** The same for the same seed and plan. */
  readonly traceHash: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Runs the history of a seed. Rejects only for what is wrong with the simulation itself. */
export async function runHistory(options: HistoryOptions): Promise<HistorySummary> {
  const cast = castOf(options);
  const { seed } = options;
  let history: History | undefined;
  const early: string[] = [];
  const { hurry } = cast;
  const world = {
    startMs: Date.UTC(2026, 0, 1),
    network: {
      spikeProbability: 0.01,
      spikeMs: [20, 2_500 / hurry] as const,
      cutProbability: 0.0005,
      giveUpMs: [2_000 / hurry, 6_000 / hurry] as const,
    },
    disk: { spikeProbability: 0.02, spikeMs: [5, 300] as const },
    eventsMax,
    onLogLine: (machine: string, line: string) =>
      history === undefined
        ? void early.push(`${machine} ${line}`)
        : history.onLogLine(machine, line),
  };
  const older = new Set(cast.older);
  const forgetOlder = speakingLess(older);
  let traceHash = "";
  const broken: string[] = [];
  try {
    await simulatedCluster({
      brokers: cast.brokers,
      home: cast.home,
      settings: cast.settings,
      sessionMs: 6_000 / hurry,
      operationsMax: cast.operationsMax,
      seed,
      world,
      storeOf: options.storeOf,
      onFatal: (id, error) => history?.onFatal(id, error),
      onMetadataLost: (error) => {
        if (history === undefined) throw error;
        history.onMetadataLost(error);
      },
    }, async (scene) => {
      history = new History(scene, { seed, cast, older });
      try {
        await history.run();
      } finally {
        traceHash = scene.world.traceHash;
      }
    });
  } catch (error) {
    // What the code asserts of itself is a law, too, and so is that it comes to an end.
    const isLaw = error instanceof LawBroken || error instanceof AssertionError ||
      error instanceof NeverSettles;
    if (!isLaw) throw error;
    broken.push(error.message);
  } finally {
    forgetOlder();
  }
  const { chronicle, anomalies = [], counts = {} } = history ?? {};
  return {
    seed,
    broken: [...broken, ...anomalies.map(({ kind, words }) => `${kind}: ${words}`)],
    about: anomalies.flatMap(({ about }) => about),
    plan: cast.plan,
    story: chronicle?.lines() ?? early,
    traceHash,
    counts,
  };
}

class History {
  readonly chronicle: Chronicle;
  anomalies: ReturnType<typeof anomaliesOf> = [];
  readonly #scene: ClusterScene;
  readonly #seed: number;
  readonly #cast: Cast;
  readonly #leaders = new LeadersLaw();
  readonly #troubles: Troubles;
  /** Undefined: nobody shares. */
  readonly #sharing: Sharing | undefined;
  /** Each with as many partitions as it has by now. */
  readonly #topics: readonly Topic[];
  readonly #broken = Promise.withResolvers<never>();
  #isOver = false;
  /** From when on nothing goes wrong. */
  #settledMs = Infinity;

  constructor(
    scene: ClusterScene,
    { seed, cast, older }: { seed: number; cast: Cast; older: Set<number> },
  ) {
    this.#scene = scene;
    this.#seed = seed;
    this.#cast = cast;
    this.#topics = topics.map(({ name, partitions }) => ({
      name,
      get partitions() {
        return Math.max(partitions, scene.metadata.image.topic(name)?.partitions.length ?? 0);
      },
    }));
    this.chronicle = new Chronicle(() => scene.world.nowMs);
    this.#troubles = new Troubles({
      scene,
      brokers: cast.brokers,
      chronicle: this.chronicle,
      target: { topic: orders.name, partition: 0 },
      growing: [orders.name, drafts.name],
      passing: drafts,
      isSynced: cast.isSynced,
      older,
      patienceMs: 12_000 / cast.hurry,
      startMsMax: cast.healMs,
    });
    const { deliveriesMax } = cast;
    this.#sharing = deliveriesMax === undefined ? undefined : new Sharing({
      scene,
      chronicle: this.chronicle,
      topic: this.#topics[0]!,
      deliveriesMax,
      onBroken: this.#broken.reject,
    });
    // Whoever waits for the history hears of it; nobody may yet.
    this.#broken.promise.catch(() => {});
  }

  get counts(): Record<string, number> {
    const { operations } = this.chronicle;
    const count = (holds: (each: typeof operations[number]) => boolean) =>
      operations.filter(holds).length;
    return {
      acknowledged: count((each) => each.kind === "send" && each.isAcknowledged),
      transactions: count((each) => each.kind === "end" && each.outcome === "committed"),
      commits: count((each) => each.kind === "commit" && each.endedMs !== undefined),
      epochs: this.#leaders.count,
      shared: this.#sharing?.count ?? 0,
    };
  }

  onLogLine(machine: string, line: string): void {
    this.chronicle.tell(machine, `  ${line.trimEnd()}`);
  }

  onFatal(id: number, error: unknown): void {
    if (error instanceof AssertionError) return this.#broken.reject(error);
    this.#troubles.onFatal(id, error).catch(this.#broken.reject);
  }

  onMetadataLost(error: unknown): void {
    this.#broken.reject(new LawBroken(`the metadata can be followed: ${messageOf(error)}`));
  }

  async run(): Promise<void> {
    const { metadata } = this.#scene;
    const onBroken = (error: unknown) => this.#broken.reject(error);
    const unwatch = watchAppends(this.#leaders, onBroken);
    const stop = metadata.onChange((changes) => {
      try {
        this.#leaders.onChange(changes);
      } catch (error) {
        onBroken(error);
      }
    });
    try {
      await Promise.race([this.#run(), this.#broken.promise]);
    } finally {
      stop();
      unwatch();
    }
  }

  async #run(): Promise<void> {
    const { pass, etcd } = this.#scene;
    const client = await this.#connect();
    for (const topic of topics) await this.#create(client, topic);
    const acting = Promise.all(this.#actors().map((actor) => act(actor, this.#stage(actor))));
    // Who fails for a reason that nobody has foreseen ends the history.
    acting.catch(this.#broken.reject);
    const sharing = this.#sharing && this.#share(this.#sharing, client);
    sharing?.catch(this.#broken.reject);
    this.#upset(true);
    await this.#troubles.run(this.#cast.plan);
    this.#upset(false);
    const last = pass(lateMsMax);
    await this.#troubles.heal();
    this.chronicle.tell("all", "nothing goes wrong any more");
    await this.#soon("brokers heal", this.#healed(), () => this.#unhealed().join(", "));
    this.#settledMs = this.#scene.world.nowMs;
    await pass(3_000 / this.#cast.hurry);
    this.#isOver = true;
    await this.#soon("clients come to an end", acting);
    if (this.#sharing !== undefined) {
      const state = () => `${this.#sharing}`;
      await this.#soon("a share group is done with all", this.#sharing.done(client), state);
      await this.#soon("those who share come to an end", sharing!);
    }
    // What the metadata's home was asked for before has happened now, or never will.
    if (etcd !== undefined) await last;
    // Even that a topic is deleted.
    await this.#soon("a topic is created", this.#create(client, drafts));
    const found = await this.#soon("all can be read", this.#found(client));
    this.anomalies = anomaliesOf(this.chronicle.operations, found);
    this.#sharing?.atEnd(found);
    const difference = () => this.#difference(found.starts);
    await this.#soon(
      "all replicas are the same",
      this.#compared(difference),
      () => difference() ?? "",
    );
  }

  async #share(sharing: Sharing, client: Client): Promise<void> {
    await sharing.begin(client);
    await sharing.run((actor) => this.#stage(actor, sharing));
  }

  /** Creates a topic; some broker may not have heard of enough others yet. */
  async #create(client: Client, { name, partitions }: Topic): Promise<void> {
    const { metadata, pass } = this.#scene;
    while (metadata.image.topic(name) === undefined) {
      try {
        await createTopic(client, { name, partitions, replicationFactor: 3 });
      } catch (error) {
        if (!(error instanceof KafkaError || error instanceof ConnectionFault)) throw error;
        this.chronicle.tell("all", `${name} is not created yet: ${error.message}`);
      }
      await pass(200);
    }
  }

  /** What goes wrong by itself. */
  #upset(isUpset: boolean): void {
    const { etcd } = this.#scene;
    if (etcd === undefined) return;
    const chance = (high: number) => isUpset ? high : 0;
    Object.assign(etcd.faults, {
      loseAnswers: chance(0.02),
      lateCopies: chance(0.02),
      lateEvents: chance(0.03),
    });
    etcd.state.leaseGraceMs = isUpset ? this.#seed % 4_000 / this.#cast.hurry : 0;
  }

  #actors(): Actor[] {
    const protocol = this.#seed % 2 === 0 ? "classic" : "consumer";
    const group = "readers";
    const [orders, debits, credits, drafts] = this.#topics as [Topic, Topic, Topic, Topic];
    return [
      sender("sender-1", orders, { paceMs: 140 }),
      sender("sender-2", orders, { paceMs: 140 }),
      sender("drafter", drafts, { paceMs: 300 }),
      transactor("teller-a", { topics: [debits, credits], group: "ledger-a" }),
      transactor("teller-b", { topics: [debits, credits], group: "ledger-b" }),
      member("member-1", { topic: orders, group, protocol }),
      member("member-2", { topic: orders, group, protocol }),
      reader("reader", { topics: [orders], isCommitted: false }),
      reader("auditor", { topics: [debits, credits], isCommitted: true }),
      onlooker("onlooker", { groups: [group] }),
    ];
  }

  /** Each actor has its own chance, so that one who does less changes nothing for another. */
  #stage({ name }: Actor, sharing?: Sharing): Stage {
    const random = new SeededRandom(this.#seed, `actor ${name}`);
    const { world, pass } = this.#scene;
    const { hurry } = this.#cast;
    const isOver = () => this.#isOver;
    return {
      chronicle: this.chronicle,
      nowMs: () => world.nowMs,
      connect: () => this.#connect(sharing?.network),
      pass,
      get isOver() {
        return isOver();
      },
      between: (low, high) => random.between(low, high),
      patienceOf: (usualMs) => Math.round(usualMs / hurry),
    };
  }

  /** A client, whichever broker it finds: one that is just going away is no reason to give up. */
  async #connect(network?: Sharing["network"]): Promise<Client> {
    for (;;) {
      try {
        return await this.#scene.client({
          requestTimeoutMs: Math.round(10_000 / this.#cast.hurry),
          network,
        });
      } catch (error) {
        if (!(error instanceof ConnectionFault || error instanceof PlatformFault)) throw error;
        await this.#scene.pass(200);
      }
    }
  }

  /** What `doing` comes to; the law is that it does, in a time that is long enough. */
  async #soon<T>(what: string, doing: Promise<T>, state = () => ""): Promise<T> {
    const { healMs } = this.#cast;
    const late = this.#scene.pass(healMs).then(() =>
      law(false, `${what}: not within ${healMs} ms ${state()}`)
    );
    return await Promise.race([doing, late as Promise<never>]);
  }

  /** Every replica is in sync. */
  async #healed(): Promise<void> {
    await this.#scene.until(() => this.#unhealed().length === 0);
  }

  /** Partitions that some replica is not in sync with. */
  #unhealed(): string[] {
    const { image } = this.#scene.metadata;
    const fenced = image.brokers().filter((each) => each.fenced || each.inControlledShutdown)
      .map(({ id, epoch }) => `broker ${id} (epoch ${epoch}) is fenced`);
    return image.topics().flatMap(({ name, partitions }) =>
      partitions.filter(({ isr, replicas, leader }) => leader < 0 || isr.length < replicas.length)
        .map(({ id, isr, elr, replicas, leader, leaderEpoch, partitionEpoch }) =>
          `${name}-${id} is led by ${leader} in epoch ${leaderEpoch} (${partitionEpoch}), ` +
          `in sync ${isr}, eligible ${elr}, replicas ${replicas}`
        )
    ).concat(fenced);
  }

  async #found(client: Client): Promise<Found> {
    const { pass, metadata } = this.#scene;
    const internal = [offsetsTopic, transactionsTopic].filter(({ name }) =>
      metadata.image.topic(name) !== undefined
    );
    const read = await readEnd(client, { topics: this.#topics, internal, groups, pass });
    const ids = new Map(metadata.image.topics().map(({ name, id }) => [name, id]));
    return { ...read, ids, settledMs: this.#settledMs };
  }

  async #compared(difference: () => string | undefined): Promise<void> {
    // A follower may still be fetching what is last.
    while (difference() !== undefined) await this.#scene.pass(100);
  }

  /**
   * Where the disks of two replicas differ; undefined: nowhere. What was to be deleted, and is not
   * for all that is known, a leader that was cut off may have deleted alone.
   */
  #difference(starts: Found["starts"]): string | undefined {
    const { partition, files, folders } = this.#scene;
    for (const { topic, partition: id } of placesOf(this.#topics)) {
      const { replicas } = partition(topic, id);
      const place = `${topic}-${id}`;
      const logs = replicas.map((replica) => {
        const its = files(replica);
        const paths = folders(replica).map((path) => `${path}/${place}`);
        const folder = paths.find((path) => its.stat(path) !== undefined) ?? paths[0]!;
        return { machine: machineOf(replica), files: its, folder };
      });
      const start = Math.max(starts?.get(place) ?? 0, this.chronicle.trimmedTo(place));
      const difference = firstDifference(logs, start);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
}
