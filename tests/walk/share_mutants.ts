// What can be wrong with a share partition: each of these breaks a law, and must be caught.

import { SharePartition, type ShareTerms } from "../../src/broker/share/share_partition.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import type { WalkedKind } from "./kind.ts";
import {
  type NewSharePartition,
  ShareWorld,
  type ShareWorldOptions,
  shareWorlds,
} from "./share_world.ts";

/** What is wrong, and the words of the laws that it may break. */
interface ShareMutant {
  readonly options: ShareWorldOptions;
  readonly breaks: RegExp;
}

const { terms } = shareWorlds["two members"]!;

function mutant(newPartition: NewSharePartition, breaks: RegExp): ShareMutant {
  return { options: { terms, newPartition }, breaks };
}

/** A partition of which some methods are others. */
function changed(
  breaks: RegExp,
  change: (partition: SharePartition) => Partial<Record<keyof SharePartition, unknown>>,
): ShareMutant {
  return mutant((stored, terms) => {
    const partition = new SharePartition(stored, terms);
    const others = change(partition) as Record<PropertyKey, unknown>;
    return new Proxy(partition, {
      get(target, name) {
        if (name in others) return others[name];
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }, breaks);
}

/** A partition that works by other terms. */
function otherTerms(breaks: RegExp, change: Partial<ShareTerms>): ShareMutant {
  return mutant(
    (stored, terms) => new SharePartition(stored, () => ({ ...terms(), ...change })),
    breaks,
  );
}

const shareMutants: Readonly<Record<string, ShareMutant>> = {
  "locks never run out": changed(/stuck|may say/, () => ({ onTick: () => {} })),
  "who leaves keeps what it holds": changed(/holds|may say/, () => ({ release: () => {} })),
  "anybody says what becomes of a record": changed(/may say/, (partition) => ({
    acknowledge: (asked: Parameters<SharePartition["acknowledge"]>[0]) => {
      const answer = partition.acknowledge(asked);
      if (answer.errorCode === ErrorCode.NONE) return answer;
      return partition.acknowledge({ ...asked, memberId: asked.memberId === "A" ? "B" : "A" });
    },
  })),
  "what could not be stored has happened": changed(/holds|not let go/, (partition) => ({
    settle: (number: number) => partition.settle(number, true),
  })),
  "what was stored has not happened": changed(/holds|handed out/, (partition) => ({
    settle: (number: number) => partition.settle(number, false),
  })),
  "a member is told before it is stored": changed(/holds|which write/, (partition) => ({
    acknowledge: (asked: Parameters<SharePartition["acknowledge"]>[0]) => {
      const answer = partition.acknowledge(asked);
      if (answer.write !== undefined) partition.settle(answer.write, true);
      return answer;
    },
  })),
  "what is done with is not stored": changed(/handed out/, (partition) => ({
    beginWrite: () => {
      const write = partition.beginWrite();
      return write && { ...write, startOffset: 0, stateBatches: [] };
    },
  })),
  "the stored start offset runs ahead": changed(/passed over/, (partition) => ({
    beginWrite: () => {
      const write = partition.beginWrite();
      return write && { ...write, startOffset: write.startOffset + 1 };
    },
  })),
  "how often a record was delivered is not stored": changed(/told otherwise/, (partition) => ({
    beginWrite: () => {
      const write = partition.beginWrite();
      const stateBatches = write?.stateBatches.map((each) => ({ ...each, deliveryCount: 0 }));
      return write && { ...write, stateBatches };
    },
  })),
  "every delivery is told as the first": changed(/told otherwise/, (partition) => ({
    acquire: (asked: Parameters<SharePartition["acquire"]>[0]) =>
      partition.acquire(asked).map((range) => ({ ...range, deliveryCount: 1 })),
  })),
  "markers are handed out": changed(/no record, and handed out/, (partition) => ({
    acquire: ({ batches, ...asked }: Parameters<SharePartition["acquire"]>[0]) => {
      const given = batches.map((each) => ({ ...each, isGiven: true }));
      return partition.acquire({ ...asked, batches: given });
    },
  })),
  "a record that is handed out is free": changed(/holds|held by two/, (partition) => ({
    acquire: (asked: Parameters<SharePartition["acquire"]>[0]) => {
      const acquired = partition.acquire(asked);
      partition.release(asked.memberId);
      const write = partition.beginWrite();
      if (write !== undefined) partition.settle(write.number, true);
      return acquired;
    },
  })),
  "bounds of records are taken for batches": changed(/more than asked for/, (partition) => ({
    acquire: (asked: Parameters<SharePartition["acquire"]>[0]) =>
      partition.acquire({ ...asked, isStrict: false }),
  })),
  "deleted records stay": changed(/not let go|deleted|holds/, () => ({ onDeleted: () => {} })),
  "records come again for ever": otherTerms(/more often than may be|holds|passed over|done with/, {
    deliveryCountMax: 100,
  }),
  "records are given up early": otherTerms(/holds|passed over/, { deliveryCountMax: 1 }),
  "locks are held twice as long": otherTerms(/holds|under way|held by two|may/, { lockMs: 20 }),
  "nobody may renew": otherTerms(/may not say/, { canRenew: false }),
  "all may be under way": otherTerms(/under way than may be/, { recordLocksMax: 100 }),
};

export const sharePartitionsKind: WalkedKind = {
  name: "share partitions",
  worlds: Object.fromEntries(
    Object.entries(shareWorlds).map(([name, options]) => {
      const newWorld = () => new ShareWorld(options);
      return [name, { small: newWorld, wide: newWorld }];
    }),
  ),
  eventsInTests: 4,
  mutants: Object.fromEntries(
    Object.entries(shareMutants).map(([name, { options, breaks }]) => [name, {
      newWorld: () => new ShareWorld(options),
      breaks,
    }]),
  ),
};
