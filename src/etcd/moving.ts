// A cluster that leaves etcd for the metadata log of one of its brokers, and may come back.
//
//   format {clusterId} --mark--> format {clusterId, movedTo} --the broker's log is written-->
//      ^                                    '--erase--> nothing else is left
//      '---- restored: brokers may come again, once all is imported ----'
//
// Invariant: while `movedTo` is there no broker takes part in the cluster, so it never has two
// truths; until the broker's log is written all of it is here.

import { UsageFault } from "../base/faults.ts";
import type { BrokerId } from "../base/ids.ts";
import type { EtcdClient } from "./client.ts";
import {
  brokerOfLiveKey,
  entityPrefix,
  formatBytes,
  type FormatValue,
  Key,
  parseFormat,
} from "./keys.ts";
import type { Compare, Operation } from "./messages.ts";
import type { Replica } from "./replica.ts";

export interface MovingOptions {
  readonly client: EtcdClient;
  readonly replica: Replica;
  readonly prefix: string;
  /** Resolves once the image has come to a revision. */
  readonly reached: (revision: number) => Promise<void>;
}

/** Throws UsageFault where the cluster is carried to a broker: it is to be asked. */
export function refuseMoved({ movedTo }: FormatValue, name: string): void {
  if (movedTo === undefined) return;
  throw new UsageFault(
    `the cluster "${name}" was carried out of etcd, to the data folder of node ${movedTo}, which ` +
      "goes on alone: ottla cluster import brings it back",
  );
}

/** The way of a cluster out of etcd, and back. */
export class Moving {
  readonly #options: MovingOptions;

  constructor(options: MovingOptions) {
    this.#options = options;
  }

  /** The broker that the cluster was carried to; undefined: it is here. */
  get movedTo(): BrokerId | undefined {
    return formatOf(this.#options.replica).movedTo;
  }

  /**
   * The cluster leaves etcd for the log of `brokerId`, which `write` writes; resolves once nothing
   * is left here. Rejects with UsageFault where a broker lives. May be repeated.
   */
  async to(brokerId: BrokerId, write: () => Promise<void>): Promise<void> {
    if (this.movedTo === undefined) await this.#mark(brokerId);
    await write();
    await this.#erase();
  }

  /** What may be left of a cluster that was carried to a broker is gone. */
  async clear(): Promise<void> {
    if (this.movedTo !== undefined) await this.#erase();
  }

  /** What was carried to a broker is here again, and brokers may come. */
  async back(): Promise<void> {
    if (this.movedTo === undefined) return;
    const { clusterId } = formatOf(this.#options.replica);
    await settle(this.#options, { compare: [], format: { clusterId }, success: [] });
  }

  /** No broker takes part from now on. */
  async #mark(movedTo: BrokerId): Promise<void> {
    const { replica, prefix } = this.#options;
    const living = replica.keysUnder("live/").flatMap((key) => brokerOfLiveKey(key) ?? []);
    if (living.length > 0) {
      throw new UsageFault(`broker ${living.join(", ")} runs: stop all brokers of the cluster`);
    }
    const structure = { key: prefix + Key.STRUCTURE, target: "mod" } as const;
    await settle(this.#options, {
      compare: [
        { ...structure, revision: replica.modRevision(Key.STRUCTURE) },
        { under: `${prefix}live/`, revision: 0 },
      ],
      format: { ...formatOf(replica), movedTo },
      success: [],
    });
  }

  async #erase(): Promise<void> {
    const { prefix, replica } = this.#options;
    const under = [entityPrefix, "stage/", "last/", "seen/"];
    const keys = [Key.STRUCTURE, Key.TERM, Key.TICK, Key.CONTROLLER];
    await settle(this.#options, {
      compare: [],
      format: formatOf(replica),
      success: [
        ...under.map((each) => ({ deleteUnder: prefix + each })),
        ...keys.map((each) => ({ delete: prefix + each })),
      ],
    });
  }
}

function formatOf(replica: Replica): FormatValue {
  const format = replica.get(Key.FORMAT);
  if (format === undefined) throw new UsageFault("there is no such cluster in etcd");
  return parseFormat(format.value);
}

async function settle(
  { client, replica, prefix, reached }: MovingOptions,
  { compare, format, success }: {
    readonly compare: readonly Compare[];
    readonly format: FormatValue;
    readonly success: readonly Operation[];
  },
): Promise<void> {
  const key = prefix + Key.FORMAT;
  const value = formatBytes(format);
  const result = await client.settle({
    compare: [{ key, target: "mod", revision: replica.modRevision(Key.FORMAT) }, ...compare],
    success: [{ put: key, value }, ...success],
    failure: [key],
  });
  await reached(result.revision);
  const now = result.found[0]?.value;
  // Of two copies of this, the second one finds what the first has done.
  const isDone = result.succeeded || (now !== undefined && sameText(now, value));
  if (isDone) return;
  throw new UsageFault(
    "somebody has changed the cluster in etcd meanwhile, or one of its brokers has started: stop " +
      "them all, and try again",
  );
}

function sameText(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
