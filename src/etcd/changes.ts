// How the metadata is changed: one decision at a time in this process, and against the other
// processes by comparison.
//
//   decide(image) --> changes of keys --one transaction--> carried out at revision R --> in the
//      ^                                     |             image once R is seen
//      '---- the image has come up to date --'  somebody was faster: nothing has happened
//
// A transaction compares
//   structure           so what was looked at besides partitions is what is stored
//   partitions          those that it changes
//   live/<id>           that this broker is not taken for dead
//   controller          where the controller has decided: that it still is
//
// A copy that was lost on the way may be carried out, and the next one then finds its own work: so
// each change writes its nonce into last/<by>, and a refused one looks whether that is its own.
// Invariant: a change that has rejected has not happened and will not, unless the store was closed
// or this broker was taken for dead: then nobody is left to find out.

import { PartitionFault } from "../base/faults.ts";
import type { LeaderEpoch } from "../base/ids.ts";
import { type Decision, entityChanges, type MetadataImage, staleTerm } from "../cluster/mod.ts";
import type { Random } from "../runtime/ports.ts";
import type { EtcdClient } from "./client.ts";
import { entityPrefix, jsonBytes, Key, lastKey, liveKey, parseLast, type Writer } from "./keys.ts";
import type { EtcdLease } from "./lease.ts";
import type { Compare, Operation, TransactionResult } from "./messages.ts";
import type { Replica } from "./replica.ts";
import {
  comparisonsMax,
  decodePart,
  encodePart,
  type EntityOperation,
  fitsOne,
  operationsOf,
  partsOf,
} from "./stage.ts";
import { stagedPrefix, stagePrefix } from "./keys.ts";

/** Times that others may be faster in a row before a change is given up. */
const conflictsMax = 100;

export interface ChangesOptions {
  readonly client: EtcdClient;
  readonly random: Pick<Random, "uint32">;
  readonly prefix: string;
  readonly replica: Replica;
  /** Whose changes they are now; undefined: a program's that is no broker. */
  readonly lease: () => EtcdLease | undefined;
  /** Of one transaction; what takes more is staged. */
  readonly operationsMax: number;
  /** Resolves once the image has come to a revision. */
  readonly reached: (revision: number) => Promise<void>;
}

type Decide<R> = (image: MetadataImage) => Decision<R> | Promise<Decision<R>>;

/** What became of a transaction. */
type Outcome = { readonly doneAt: number } | { readonly conflictAt: number };

/** Makes changes, one after the other: whoever calls sees to that. */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #name: string;
  #count = 0;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#name = `${options.random.uint32()}-${options.random.uint32()}`;
  }

  /** Makes one; rejects with PartitionFault when it cannot be made. */
  async make<R>(decide: Decide<R>): Promise<R> {
    const { replica, reached, client } = this.#options;
    for (let conflicts = 0; conflicts < conflictsMax; conflicts++) {
      await this.#finishPending();
      const seenAt = replica.changedAt;
      const decision = await decide(replica.image);
      if (decision.records.length === 0) return decision.response;
      if (replica.changedAt !== seenAt || replica.pending !== undefined) continue;
      const outcome = await this.#commit(decision);
      if ("doneAt" in outcome) {
        await reached(outcome.doneAt);
        return decision.response;
      }
      await reached(outcome.conflictAt);
      if (conflicts > 0) await client.pause(Math.min(conflicts, 3));
    }
    throw new PartitionFault("the metadata cannot be changed: others change it all the time");
  }

  get #by(): Writer {
    return this.#options.lease()?.brokerId ?? `tool-${this.#name}`;
  }

  #key(key: string): string {
    return this.#options.prefix + key;
  }

  /** What must be as it was when the decision was made. */
  #structure(): Compare {
    const revision = this.#options.replica.modRevision(Key.STRUCTURE);
    return { key: this.#key(Key.STRUCTURE), target: "mod", revision };
  }

  async #commit({ records, controllerEpoch }: Decision<unknown>): Promise<Outcome> {
    const { replica } = this.#options;
    if (controllerEpoch !== undefined && replica.controller?.term !== controllerEpoch) {
      throw staleTerm(controllerEpoch);
    }
    const changes = entityChanges(replica.image, records);
    const operations = operationsOf(changes);
    if (operations.length === 0) return { doneAt: replica.revision };
    const nonce = `${this.#name}-${++this.#count}`;
    const compare = [
      this.#structure(),
      ...this.#comparePartitions(changes.partitions),
      ...this.#compareSelf(controllerEpoch),
    ];
    const { operationsMax } = this.#options;
    if (fitsOne(operations, { comparisons: compare.length, operationsMax })) {
      const success = operations.map((operation) => this.#whole(operation));
      if (changes.isStructural) {
        success.push({ put: this.#key(Key.STRUCTURE), value: jsonBytes({}) });
      }
      return await this.#settle({ compare, success, nonce, controllerEpoch });
    }
    return await this.#commitStaged({ operations, compare, nonce, controllerEpoch });
  }

  #comparePartitions(partitions: ReadonlySet<string>): Compare[] {
    const { replica } = this.#options;
    // So many are compared together: none at all may have changed.
    if (partitions.size > comparisonsMax - 10) {
      return [{ under: this.#key(`${entityPrefix}partition/`), revision: replica.revision }];
    }
    return [...partitions].map((each) => {
      const key = entityPrefix + each;
      return { key: this.#key(key), target: "mod", revision: replica.modRevision(key) };
    });
  }

  #compareSelf(controllerEpoch: LeaderEpoch | undefined): Compare[] {
    const { replica, lease } = this.#options;
    const self = lease();
    const compare: Compare[] = [];
    if (self !== undefined) {
      const { brokerId, brokerEpoch } = self;
      compare.push({ key: this.#key(liveKey(brokerId)), target: "create", revision: brokerEpoch });
    }
    if (controllerEpoch !== undefined) {
      const revision = replica.createRevision(Key.CONTROLLER);
      compare.push({ key: this.#key(Key.CONTROLLER), target: "create", revision });
    }
    return compare;
  }

  #whole(operation: EntityOperation): Operation {
    if ("put" in operation) return { ...operation, put: this.#key(operation.put) };
    return "delete" in operation
      ? { delete: this.#key(operation.delete) }
      : { deleteUnder: this.#key(operation.deleteUnder) };
  }

  async #settle({ compare, success, nonce, controllerEpoch }: {
    readonly compare: readonly Compare[];
    readonly success: readonly Operation[];
    readonly nonce: string;
    readonly controllerEpoch: LeaderEpoch | undefined;
  }): Promise<Outcome> {
    const { client, lease } = this.#options;
    const self = lease();
    const last = this.#key(lastKey(this.#by));
    const live = self && this.#key(liveKey(self.brokerId));
    const result = await client.settle({
      compare,
      success: [...success, { put: last, value: jsonBytes({ nonce }) }],
      failure: [last, this.#key(Key.CONTROLLER), ...live === undefined ? [] : [live]],
    });
    if (result.succeeded) return { doneAt: result.revision };
    const found = (key: string | undefined) => result.found.find((each) => each.key === key);
    const lastFound = found(last);
    if (lastFound !== undefined && parseLast(lastFound.value) === nonce) {
      return { doneAt: lastFound.modRevision };
    }
    if (self !== undefined && found(live)?.createRevision !== self.brokerEpoch) {
      self.lapse();
      throw new PartitionFault(
        `the metadata cannot be changed: broker ${self.brokerId} was taken for dead`,
      );
    }
    this.#checkTerm(result, controllerEpoch);
    return { conflictAt: result.revision };
  }

  #checkTerm({ found }: TransactionResult, controllerEpoch: LeaderEpoch | undefined): void {
    if (controllerEpoch === undefined) return;
    const known = this.#options.replica.createRevision(Key.CONTROLLER);
    const controller = found.find(({ key }) => key === this.#key(Key.CONTROLLER));
    if (controller?.createRevision !== known) throw staleTerm(controllerEpoch);
  }

  async #commitStaged({ operations, compare, nonce, controllerEpoch }: {
    readonly operations: readonly EntityOperation[];
    readonly compare: readonly Compare[];
    readonly nonce: string;
    readonly controllerEpoch: LeaderEpoch | undefined;
  }): Promise<Outcome> {
    const { client, operationsMax } = this.#options;
    const structure = this.#structure();
    const staged = { by: this.#by, nonce };
    await this.#removeLeft(staged.by);
    for (const [n, part] of partsOf(operations, operationsMax).entries()) {
      const key = this.#key(stagedPrefix(staged) + String(n).padStart(6, "0"));
      const result = await client.settle({
        compare: [structure, { key, target: "create", revision: 0 }],
        success: [{ put: key, value: encodePart(part) }],
        failure: [key],
      });
      const isThere = result.succeeded || result.found.length > 0;
      if (!isThere) return { conflictAt: result.revision };
    }
    const value = jsonBytes({ pending: staged });
    const success = [{ put: this.#key(Key.STRUCTURE), value }];
    return await this.#settle({ compare, success, nonce, controllerEpoch });
  }

  /**
   * What earlier attempts have left is nobody's. By their names alone: a copy that is carried out
   * late is not to take away what has been staged since.
   */
  async #removeLeft(by: Writer): Promise<void> {
    const { client, replica } = this.#options;
    const prefix = stagePrefix(by);
    const nonces = replica.keysUnder(prefix).map((key) => key.slice(prefix.length).split("/")[0]!);
    const success = [...new Set(nonces)].slice(0, comparisonsMax).map((nonce) => (
      { deleteUnder: this.#key(stagedPrefix({ by, nonce })) }
    ));
    if (success.length === 0) return;
    await client.settle({ compare: [this.#structure()], success, failure: [] });
  }

  /** Carries a staged change that is decided into its keys, whoever has decided it. */
  async #finishPending(): Promise<void> {
    const { client, replica, reached } = this.#options;
    for (let { pending } = replica; pending !== undefined; pending = replica.pending) {
      const structure = this.#structure();
      for (const key of replica.keysUnder(stagedPrefix(pending))) {
        const part = replica.get(key);
        // Somebody else was faster.
        if (part === undefined) continue;
        const { createRevision: revision } = part;
        await client.settle({
          compare: [structure, { key: this.#key(key), target: "create", revision }],
          success: [
            ...decodePart(part.value).map((operation) => this.#whole(operation)),
            { delete: this.#key(key) },
          ],
          failure: [],
        });
      }
      const done = { put: this.#key(Key.STRUCTURE), value: jsonBytes({}) };
      const { revision } = await client.settle({
        compare: [structure],
        success: [done],
        failure: [],
      });
      await reached(revision);
    }
  }
}
