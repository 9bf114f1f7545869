// What can be wrong with the broker: each of these breaks a law, and must be caught. What is wrong
// with coordinators is the same as in the small worlds (tests/walk).
//
// A mutant is the code with other methods, for as long as its histories last.

import { GroupTable } from "../../src/coordinator/groups/group_table.ts";
import { TransactionTable } from "../../src/coordinator/transactions/transaction_table.ts";
import { PartitionLog } from "../../src/log/mod.ts";
import { ProducerState } from "../../src/log/producers/producer_state.ts";
import { SharePartition } from "../../src/broker/share/share_partition.ts";
import { TransactionMarkers } from "../../src/broker/transactions/transaction_markers.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { wrongWithClassicGroups, wrongWithConsumerGroups } from "../walk/group_mutants.ts";
import { wrongWithStreamsGroups } from "../walk/streams_group_mutants.ts";
import { transactionMutants } from "../walk/transaction_mutants.ts";
import { wrongGetter, wrongly } from "../harness/wrong_methods.ts";
import type { Part } from "./simulation.ts";
import type { Troubles } from "./simulated_world.ts";

export interface SimulatedMutant {
  /** Who takes part in its histories. */
  readonly part: Part;
  readonly troubles?: Partial<Troubles>;
  /** The words of the laws that it may break. */
  readonly breaks: RegExp;
  /** Puts the wrong code in place; returns how to mend it. */
  readonly wrong: () => () => void;
}

interface Type<T> {
  readonly prototype: T;
}

/** Every table as `mutation`, of a small world, has it. */
function everywhere<T extends object>(
  { prototype }: Type<T>,
  mutation: (table: T) => T,
): () => void {
  const all = Object.getOwnPropertyDescriptors(prototype);
  const methods = Object.entries(all).filter(([name, { value }]) =>
    typeof value === "function" && name !== "constructor"
  );
  for (const [name, right] of methods) {
    const value = function (this: T, ...given: unknown[]): unknown {
      const table = mutation(rightly(this, all)) as Record<string, unknown>;
      return (table[name] as (...given: unknown[]) => unknown)(...given);
    };
    Object.defineProperty(prototype, name, { ...right, value });
  }
  return () => Object.defineProperties(prototype, Object.fromEntries(methods));
}

/** `table` with the methods that its type had before. */
function rightly<T extends object>(table: T, before: Record<string, PropertyDescriptor>): T {
  return new Proxy(table, {
    get(target, name) {
      const right = typeof name === "string" ? before[name] : undefined;
      const value = right?.value ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const calm: Partial<Troubles> = { powerLoss: false, failingDisk: false };

const wrongRecords: Readonly<Record<string, SimulatedMutant>> = {
  "what is acknowledged is not synced": {
    part: "records",
    troubles: { powerLoss: true },
    breaks: /acknowledged .* is not at|is acknowledged, then/,
    wrong: () => wrongly(PartitionLog, "answerable", () => () => undefined),
  },
  "a batch that is repeated is taken for a new one": {
    part: "records",
    troubles: { badFates: 60 },
    breaks: /twice/,
    wrong: () => wrongly(ProducerState, "check", () => () => ({ duplicate: undefined })),
  },
  "a gap in what a producer sends is not noticed": {
    part: "records",
    troubles: { badFates: 60 },
    breaks: /twice|out of order/,
    wrong: () =>
      wrongly(ProducerState, "check", (right) =>
        function (this: ProducerState, ...given) {
          const found = right.apply(this, given);
          const isGap = "errorCode" in found &&
            found.errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
          return isGap ? { duplicate: undefined } : found;
        }),
  },
};

const wrongTransactions: Readonly<Record<string, SimulatedMutant>> = {
  ...Object.fromEntries(
    ([
      ["a new instance gets the epoch of the old one", /is fenced by|is acknowledged, then/],
      [
        "what was prepared is forgotten at a restart",
        /and is not there|is over, and|waits for ever/,
      ],
      ["a complete transaction begins its epochs anew", /torn apart|goes back/],
    ] as const).map(([name, breaks]) => [name, {
      part: "transactions",
      breaks,
      wrong: () => everywhere(TransactionTable, transactionMutants[name]!.mutation),
    }]),
  ),
  "readers of committed records see what is open": {
    part: "transactions",
    breaks: /was read, and is not committed/,
    wrong: () =>
      wrongGetter(PartitionLog, "lastStableOffset", function () {
        return this.logEndOffset;
      }),
  },
  "nobody is told what was aborted": {
    part: "transactions",
    breaks: /did not commit, and is there/,
    wrong: () => wrongly(PartitionLog, "abortedTransactions", () => () => []),
  },
  "one partition is told the other end": {
    part: "transactions",
    breaks: /torn apart|was committed, and is not there|is over, and/,
    wrong: () =>
      wrongly(
        TransactionMarkers,
        "write",
        (right) =>
          async function (this: TransactionMarkers, transaction, partitions) {
            const other = { ...transaction, committed: !transaction.committed };
            const first = await right.call(this, other, partitions.slice(0, 1));
            return [...first, ...await right.call(this, transaction, partitions.slice(1))];
          },
      ),
  },
  "offsets count before their transaction commits": {
    part: "transactions",
    breaks: /is over, and/,
    wrong: () =>
      wrongly(GroupTable, "apply", (right) =>
        function (this: GroupTable, record) {
          right.call(this, record);
        }),
  },
};

const wrongGroups: Readonly<Record<string, SimulatedMutant>> = {
  ...Object.fromEntries(
    ([
      ["who is not a member any more may commit", /was given since|goes back/],
      ["everyone is assigned what one is", /have work-\d in/],
      ["a generation is stored as the first", /goes back|have work-\d in|never comes/],
      ["only the leader hears of the assignment", /never comes to rest|waits for ever/],
      ["committed offsets are forgotten", /goes back|committed \d+ for/],
      ["time brings nothing", /never comes to rest|waits for ever/],
    ] as const).map(([name, breaks]) => [`classic group: ${name}`, {
      part: "classic group",
      breaks,
      wrong: () => everywhere(GroupTable, wrongWithClassicGroups[name]!.mutation),
    }]),
  ),
  ...Object.fromEntries(
    ([
      ["what a member has to give up is free at once", /was given since/],
      ["the group begins its epochs anew", /goes back|is ahead of the group|bug/],
      ["committed offsets are forgotten", /goes back|committed \d+ for/],
      ["time brings nothing", /never comes to rest|waits for ever/],
    ] as const).map(([name, breaks]) => [`consumer group: ${name}`, {
      part: "consumer group",
      breaks,
      wrong: () => everywhere(GroupTable, wrongWithConsumerGroups[name]!.mutation),
    }]),
  ),
  ...Object.fromEntries(
    ([
      ["what is given up is free at once", /was given since/],
      ["the group begins its epochs anew", /goes back|is ahead of the group|bug/],
      ["what a member is to have is not stored", /never comes to rest|waits for ever/],
    ] as const).map(([name, breaks]) => [`streams group: ${name}`, {
      part: "streams group",
      breaks,
      wrong: () => everywhere(GroupTable, wrongWithStreamsGroups[name]!.mutation),
    }]),
  ),
};

const wrongShareGroups: Readonly<Record<string, SimulatedMutant>> = {
  "what a member holds is free at the next fetch": {
    part: "share group",
    breaks: /is taken from/,
    wrong: () => wrongly(SharePartition, "acquire", lettingGo),
  },
  "who was given a record before may say what becomes of it": {
    part: "share group",
    breaks: /is held by|is done with twice/,
    wrong() {
      const mends = [
        wrongly(SharePartition, "acquire", lettingGo),
        wrongly(SharePartition, "acknowledge", believing),
      ];
      return () => {
        for (const mend of mends) mend();
      };
    },
  },
  "what is done with is not stored": {
    part: "share group",
    breaks: /comes again|is done with twice/,
    wrong: () =>
      wrongly(SharePartition, "beginWrite", (right) =>
        function (this: SharePartition) {
          const write = right.call(this);
          return write && { ...write, startOffset: 0, stateBatches: [] };
        }),
  },
  "the stored start offset runs ahead": {
    part: "share group",
    troubles: { ...calm, badFates: 0 },
    breaks: /is lost/,
    wrong: () =>
      wrongly(SharePartition, "beginWrite", (right) =>
        function (this: SharePartition) {
          const write = right.call(this);
          return write && { ...write, startOffset: write.startOffset + 1 };
        }),
  },
  "locks never run out": {
    part: "share group",
    troubles: { ...calm, badFates: 0 },
    breaks: /is lost/,
    wrong: () => wrongGetter(SharePartition, "deadlineMs", () => undefined),
  },
};

/** Before anything is handed out, all locks run out. */
function lettingGo(right: SharePartition["acquire"]): SharePartition["acquire"] {
  return function (this: SharePartition, asked) {
    this.onTick(Infinity);
    return right.call(this, asked);
  };
}

/** Who is refused is told that his word counts. */
function believing(right: SharePartition["acknowledge"]): SharePartition["acknowledge"] {
  return function (this: SharePartition, asked) {
    const answer = right.call(this, asked);
    return answer.errorCode === ErrorCode.NONE
      ? answer
      : { errorCode: ErrorCode.NONE, write: undefined };
  };
}

/** By what is wrong. */
export const simulatedMutants: Readonly<Record<string, SimulatedMutant>> = {
  ...wrongRecords,
  ...wrongTransactions,
  ...wrongGroups,
  ...wrongShareGroups,
};
