// A group table with a log in memory instead of a shell with a disk: what it decides is carried out
// at once, through the bytes of its records, and the log refuses on demand.

import {
  type Answer,
  type Asked,
  type At,
  type BadRegex,
  carryOut,
  type GroupConfig,
  type GroupCoordinatorRecord,
  type GroupDecision,
  type GroupResponse,
  type NameMatcher,
  type Note,
} from "../../src/coordinator/mod.ts";
import { GroupTable } from "../../src/coordinator/groups/group_table.ts";
import { decode, encodeKey, encodeValue } from "../../src/coordinator/groups/record_kinds.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { FakeTopics } from "./fake_topics.ts";

/** What carrying out a decision did. */
export interface Carried {
  readonly notes: readonly Note[];
  readonly answers: readonly Answer<GroupResponse>[];
  /** Batches in their order, also those that the log refused. */
  readonly batches: readonly { records: readonly GroupCoordinatorRecord[]; errorCode: ErrorCode }[];
}

/** The platform's own expressions are near enough to RE2's. */
function compileRegex(regex: string): NameMatcher | BadRegex {
  try {
    const compiled = new RegExp(`^(?:${regex})$`);
    return (name) => compiled.test(name);
  } catch {
    return { problem: "it cannot be compiled" };
  }
}

/** A record, of a producer's transaction or of none; or the end of one. */
type LogEntry =
  | { readonly key: Uint8Array; readonly value: Uint8Array | null; readonly producerId?: number }
  | { readonly endOf: number; readonly committed: boolean };

export class GroupShell {
  table: GroupTable;
  nowMs = 0;
  /** Why the log refuses the next batch; NONE: it does not. */
  refuseNext: ErrorCode = ErrorCode.NONE;
  readonly log: LogEntry[] = [];
  readonly topics = new FakeTopics();
  readonly #config: () => GroupConfig;
  readonly #mutation: (table: GroupTable) => GroupTable;
  #uuids = 0;
  #asked = 0;

  /** `mutation` may make another table of each. */
  constructor(
    config: () => GroupConfig,
    mutation: (table: GroupTable) => GroupTable = (table) => table,
  ) {
    this.#config = config;
    this.#mutation = mutation;
    this.table = this.newTable();
    this.carryOut(this.table.onLoaded(0));
  }

  newTable(): GroupTable {
    const { topics } = this;
    const regexes = { compile: compileRegex };
    return this.#mutation(new GroupTable({ config: this.#config, topics, regexes }));
  }

  /** "1", "2" and so on. */
  newUuid(): string {
    return String(++this.#uuids);
  }

  /** A request that is decided now. */
  at<Response>(): At<Response> & { readonly asked: Asked<Response> } {
    return { nowMs: this.nowMs, asked: { id: ++this.#asked } };
  }

  carryOut(decision: GroupDecision): Carried {
    const batches: { records: readonly GroupCoordinatorRecord[]; errorCode: ErrorCode }[] = [];
    const { notes, answers } = carryOut(this.table, decision, (records, producer) => {
      const errorCode = this.refuseNext;
      this.refuseNext = ErrorCode.NONE;
      batches.push({ records, errorCode });
      if (errorCode !== ErrorCode.NONE) return errorCode;
      for (const record of records) {
        const producerId = producer?.producerId as number | undefined;
        this.log.push({ key: encodeKey(record), value: encodeValue(record), producerId });
      }
      return errorCode;
    });
    return { notes, answers, batches };
  }

  /** Ends a producer's transaction, as its marker does. */
  endTransaction(producerId: number, committed: boolean): void {
    this.log.push({ endOf: producerId, committed });
    this.table.endTransaction(producerId, committed);
  }

  /** A table that has read the log, and does not lead yet. */
  replay(): GroupTable {
    const table = this.newTable();
    this.readInto(table, 0);
    return table;
  }

  /** Has a table that does not lead read the log, from its entry `from` on. */
  readInto(table: GroupTable, from: number): void {
    for (const entry of this.log.slice(from)) {
      if ("endOf" in entry) {
        table.endTransaction(entry.endOf, entry.committed);
        continue;
      }
      const record = decode(entry.key, entry.value);
      if (record !== undefined) table.apply(record, entry.producerId);
    }
  }

  /** Reads the log into a new table. */
  restart(): Carried {
    this.table = this.replay();
    return this.carryOut(this.table.onLoaded(this.nowMs));
  }
}
