// What goes wrong with a test broker, on purpose. Each fault is a sentence, and an object that
// takes it back.
//
//   using fault = broker.faults.fail({ api: "Produce", topic: "orders", next: 3 },
//     "NOT_LEADER_OR_FOLLOWER");
//   String(fault)  // the next 3 requests of Produce about orders fail with NOT_LEADER_OR_FOLLOWER
//
// Invariant: of several faults that mean a request, the one that was made first has it.

import { UsageFault } from "../base/faults.ts";
import { checkOptions } from "../base/options.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { type Duration, durationText, millisecondsOf } from "./durations.ts";
import type { DiskTrouble } from "./kit_files.ts";
import { checkFilter, filterKinds, type RequestFilter, type SeenRequest } from "./requests.ts";

/** The name of one of Kafka's errors, such as `NOT_LEADER_OR_FOLLOWER`. */
export type KafkaErrorName = keyof typeof ErrorCode;

/** Which requests a fault is for. */
export interface FaultFilter extends RequestFilter {
  /** So many of them; the default is all until the fault is removed. */
  readonly next?: number;
  /** So many go well before. */
  readonly after?: number;
}

const faultKinds = { ...filterKinds, next: "count", after: "count" } as const;

/** What becomes of a request that a fault has. */
export type FaultEffect =
  | { readonly kind: "fail"; readonly errorCode: ErrorCode; readonly about: RequestFilter }
  | { readonly kind: "delay"; readonly ms: number }
  /** Who waits for the answer does so until `removed`, when the connection is cut. */
  | { readonly kind: "loseAnswer"; readonly removed: Promise<void> }
  | { readonly kind: "cut" };

/** Something that goes wrong until it is removed, by `using` or `remove`. */
export class Fault implements Disposable {
  readonly #sentence: string;
  readonly #onRemoved: (fault: Fault) => void;
  readonly #removed = Promise.withResolvers<void>();
  #hits = 0;

  /** @internal Made by `broker.faults`. */
  constructor(sentence: string, onRemoved: (fault: Fault) => void) {
    this.#sentence = sentence;
    this.#onRemoved = onRemoved;
  }

  /** How many requests it has had; a disk counts none. */
  get hits(): number {
    return this.#hits;
  }

  /** @internal */
  noteHit(): void {
    this.#hits++;
  }

  /** From now on all goes well again. */
  remove(): void {
    this.#onRemoved(this);
    this.#removed.resolve();
  }

  /** @internal Resolves when it is removed. */
  get removed(): Promise<void> {
    return this.#removed.promise;
  }

  /** As {@link Fault.remove}. */
  [Symbol.dispose](): void {
    this.remove();
  }

  /** What goes wrong, as a sentence. */
  toString(): string {
    return this.#sentence;
  }
}

/** Says which requests a fault has. */
interface Rule {
  readonly fault: Fault;
  readonly effect: FaultEffect;
  takes(request: SeenRequest): boolean;
}

/** The requests that go to a group's or a transactional id's coordinator. */
const coordinated: readonly string[] = [
  "OffsetCommit",
  "OffsetFetch",
  "JoinGroup",
  "SyncGroup",
  "Heartbeat",
  "LeaveGroup",
  "ConsumerGroupHeartbeat",
  "ShareGroupHeartbeat",
  "StreamsGroupHeartbeat",
  "InitProducerId",
  "AddPartitionsToTxn",
  "AddOffsetsToTxn",
  "TxnOffsetCommit",
  "EndTxn",
];

/** Makes things go wrong. */
export class Faults {
  readonly #rules = new Set<Rule>();
  readonly #disk = new Set<Fault>();
  readonly #trouble: DiskTrouble;

  /** @internal Made by the broker. */
  constructor(trouble: DiskTrouble) {
    this.#trouble = trouble;
  }

  /** The requests fail with one of Kafka's errors, and nothing of them is done. */
  fail(filter: FaultFilter, error: KafkaErrorName): Fault {
    const errorCode: ErrorCode | undefined = Object.hasOwn(ErrorCode, error)
      ? ErrorCode[error]
      : undefined;
    if (errorCode === undefined) throw new UsageFault(`Kafka has no error ${String(error)}`);
    const effect = () => ({ kind: "fail", errorCode, about: filter } as const);
    return this.#add("faults.fail", { filter, effect, does: `fail with ${error}` });
  }

  /** The requests wait before anything of them is done, by the broker's clock. */
  delay(filter: FaultFilter, duration: Duration): Fault {
    const ms = millisecondsOf("faults.delay", duration);
    const does = `wait for ${durationText(ms)}`;
    return this.#add("faults.delay", { filter, effect: () => ({ kind: "delay", ms }), does });
  }

  /**
   * The requests are carried out, and the client waits for an answer that does not come. When the
   * fault is removed, its connection is cut.
   */
  loseAnswer(filter: FaultFilter): Fault {
    const does = "are carried out, and their answers are lost";
    const effect = ({ removed }: Fault) => ({ kind: "loseAnswer", removed } as const);
    return this.#add("faults.loseAnswer", { filter, effect, does });
  }

  /** The requests find their connection cut; nothing of them is done. */
  cut(filter: FaultFilter): Fault {
    const does = "find their connection cut";
    return this.#add("faults.cut", { filter, effect: () => ({ kind: "cut" }), does });
  }

  /** Nothing more can be written until the fault is removed. */
  fillDisk(): Fault {
    this.#trouble.isFull = true;
    return this.#addDisk("the disk is full", () => this.#trouble.isFull = false);
  }

  /** Each sync of a file takes so much longer, by the broker's clock. */
  slowDisk(duration: Duration): Fault {
    const ms = millisecondsOf("faults.slowDisk", duration);
    const sentence = `each sync of the disk takes ${durationText(ms)} longer`;
    const fault = this.#addDisk(sentence, () => this.#trouble.slowness = undefined);
    this.#trouble.slowness = { ms, over: fault.removed };
    return fault;
  }

  /**
   * The coordinator of a group or a transactional id has moved: each client is told
   * NOT_COORDINATOR until it has looked for the coordinator again.
   */
  moveCoordinator(of: { readonly group: string } | { readonly transactionalId: string }): Fault {
    const about = checkFilter("faults.moveCoordinator", of);
    const { group, transactionalId } = about;
    if (group === undefined && transactionalId === undefined) {
      throw new UsageFault("faults.moveCoordinator takes { group } or { transactionalId }");
    }
    const whose = group === undefined ? `transactional id ${transactionalId}` : `group ${group}`;
    const sentence = `the coordinator of ${whose} has moved: clients have to look for it again`;
    const fault = new Fault(sentence, () => this.#rules.delete(rule));
    const knowing = new Set<string | null>();
    const rule: Rule = {
      fault,
      effect: { kind: "fail", errorCode: ErrorCode.NOT_COORDINATOR, about: {} },
      takes(request) {
        if (!request.fits(about)) return false;
        if (request.api === "FindCoordinator") knowing.add(request.clientId);
        return coordinated.includes(request.api) && !knowing.has(request.clientId);
      },
    };
    this.#rules.add(rule);
    return fault;
  }

  /** What goes wrong now, in the order in which it was begun. */
  get active(): readonly Fault[] {
    return [...Array.from(this.#rules, ({ fault }) => fault), ...this.#disk];
  }

  /** All goes well again. */
  clear(): void {
    for (const fault of this.active) fault.remove();
  }

  /** @internal What becomes of `request`; undefined: nothing goes wrong. */
  take(request: SeenRequest): FaultEffect | undefined {
    let effect: FaultEffect | undefined;
    for (const rule of this.#rules) {
      if (!rule.takes(request) || effect !== undefined) continue;
      rule.fault.noteHit();
      effect = rule.effect;
    }
    return effect;
  }

  #add(
    call: string,
    { filter, effect, does }: {
      filter: FaultFilter;
      effect: (fault: Fault) => FaultEffect;
      does: string;
    },
  ): Fault {
    const { next = Infinity, after = 0, ...rest } = checkOptions(call, filter, faultKinds);
    const about = checkFilter(call, rest);
    const fault = new Fault(
      sentenceOf({ about, next, after, does }),
      () => this.#rules.delete(rule),
    );
    let met = 0;
    const rule: Rule = {
      fault,
      effect: effect(fault),
      takes: (request) => request.fits(about) && ++met > after && met <= after + next,
    };
    this.#rules.add(rule);
    return fault;
  }

  #addDisk(sentence: string, mend: () => void): Fault {
    const fault = new Fault(sentence, () => {
      if (this.#disk.delete(fault)) mend();
    });
    this.#disk.add(fault);
    return fault;
  }
}

function sentenceOf(
  { about, next, after, does }: {
    about: RequestFilter;
    next: number;
    after: number;
    does: string;
  },
): string {
  const { api, clientId, topic, partition, group, transactionalId } = about;
  const count = next === Infinity
    ? "all requests"
    : next === 1
    ? "the next request"
    : `the next ${next} requests`;
  const words = [
    count,
    api !== undefined && `of ${[api].flat().join(" or ")}`,
    clientId !== undefined && `by client ${clientId}`,
    (topic !== undefined || partition !== undefined) && `about ${placeText(topic, partition)}`,
    group !== undefined && `of group ${group}`,
    transactionalId !== undefined && `of transactional id ${transactionalId}`,
    after > 0 && `but for the first ${after}`,
    next === 1 ? inSingular(does) : does,
  ];
  return words.filter((word) => word !== false).join(" ");
}

function placeText(topic: string | undefined, partition: number | undefined): string {
  if (topic === undefined) return `partition ${partition}`;
  return partition === undefined ? topic : `${topic}-${partition}`;
}

function inSingular(does: string): string {
  return does.replace(/^are /, "is ").replace(/^(fail|wait|find)\b/, "$1s")
    .replace("their answers are", "its answer is").replace("their", "its");
}
