// What happens in a history, in order: what clients do, as data to be judged, and all of it in
// lines for whoever wants to read how something came about.
//
//    4812.391 broker-2   is killed
//    4815.020 sender-1.2 sends sender-1.2:17 to orders-0 ... is acknowledged at 311

import type {
  Operation,
  Place,
  Position,
  ReadRecord,
  Send,
  TransactionEnd,
  Trim,
} from "./operations.ts";

interface Line {
  readonly atMs: number;
  readonly who: string;
  readonly words: string;
}

export class Chronicle {
  readonly operations: Operation[] = [];
  readonly #lines: Line[] = [];
  readonly #read = new Map<Place, Map<number, ReadRecord>>();
  readonly #nowMs: () => number;
  readonly #linesMax: number;

  /** Of the lines only about the last `linesMax` are kept. */
  constructor(nowMs: () => number, linesMax = Infinity) {
    this.#nowMs = nowMs;
    this.#linesMax = linesMax;
  }

  tell(who: string, words: string): void {
    this.#lines.push({ atMs: this.#nowMs(), who, words });
    if (this.#lines.length > 2 * this.#linesMax) this.#lines.splice(0, this.#linesMax);
  }

  /** A record is sent; what is returned tells that it is acknowledged. */
  onSend(sent: Omit<Send, "kind" | "begunMs" | "isAcknowledged" | "offset">) {
    const { who, place, value } = sent;
    const send: Send = { kind: "send", ...sent, begunMs: this.#nowMs(), isAcknowledged: false };
    this.operations.push(send);
    return {
      acknowledged: (offset: number) => {
        send.isAcknowledged = true;
        send.endedMs = this.#nowMs();
        if (offset >= 0) send.offset = offset;
        this.tell(who, `${value} is acknowledged at ${offset} of ${place}`);
      },
      failed: (error: unknown) => this.tell(who, `${value} to ${place}: ${wordsOf(error)}`),
    };
  }

  /** A transaction has begun; as long as nobody asks for its commit it can only be aborted. */
  onBegun(transaction: string, position?: TransactionEnd["position"]): TransactionEnd {
    const end: TransactionEnd = {
      kind: "end",
      transaction,
      ...position !== undefined && { position },
      outcome: "aborted",
    };
    this.operations.push(end);
    return end;
  }

  /** A reader is given records, of any partitions. */
  onPoll(
    by: { readonly who: string; readonly isCommitted: boolean; readonly group?: string },
    records: Iterable<ReadRecord & { readonly place: Place }>,
  ): void {
    const byPlace = new Map<Place, ReadRecord[]>();
    for (const { place, offset, value } of records) {
      const its = byPlace.get(place) ?? [];
      byPlace.set(place, its);
      its.push(this.#once(place, { offset, value }));
    }
    for (const [place, its] of byPlace) {
      this.operations.push({ kind: "poll", ...by, place, records: its });
      const [first, last] = [its[0]!, its.at(-1)!];
      this.tell(
        by.who,
        `is given ${place} from ${first.offset} (${first.value}) to ${last.offset}`,
      );
    }
  }

  /** A record is kept once, however many have read it: each reader begins anew ever so often. */
  #once(place: Place, record: ReadRecord): ReadRecord {
    const its = this.#read.get(place) ?? new Map<number, ReadRecord>();
    this.#read.set(place, its);
    const known = its.get(record.offset);
    if (known?.value === record.value) return known;
    its.set(record.offset, record);
    return record;
  }

  /** A reader's partitions come or go. */
  onMove(who: string, words: string): void {
    this.operations.push({ kind: "move", who });
    this.tell(who, words);
  }

  /** A group's position is committed; what is returned tells that it is acknowledged. */
  onCommit(of: Pick<Position, "group" | "place" | "offset">): () => void {
    const commit: Position = { kind: "commit", ...of, begunMs: this.#nowMs() };
    this.operations.push(commit);
    return () => void (commit.endedMs = this.#nowMs());
  }

  /** A group's position was asked for at `begunMs`, and is this. */
  onLook(of: Pick<Position, "group" | "place" | "offset" | "begunMs">): void {
    this.operations.push({ kind: "look", ...of, endedMs: this.#nowMs() });
  }

  /** What lies below an offset is to be deleted; what is returned tells that it is. */
  onTrim(of: Pick<Trim, "place" | "offset">): () => void {
    const trim: Trim = { kind: "trim", ...of, isAcknowledged: false };
    this.operations.push(trim);
    return () => void (trim.isAcknowledged = true);
  }

  /** A topic is about to be deleted. */
  onDoom(topic: string): void {
    this.operations.push({ kind: "doom", topic });
  }

  /** A topic is about to be made anew; what is returned tells that it is, and which one it is. */
  onLife(topic: string): (id: string) => void {
    const begunMs = this.#nowMs();
    return (id) =>
      void this.operations.push({ kind: "life", topic, id, begunMs, endedMs: this.#nowMs() });
  }

  /** Below where records of a partition were to be deleted, whether they are or not. */
  trimmedTo(place: Place): number {
    const trims = this.operations.filter((each): each is Trim => each.kind === "trim");
    return Math.max(0, ...trims.filter((trim) => trim.place === place).map((trim) => trim.offset));
  }

  /** All of it, a line each. */
  lines(): string[] {
    return this.#lines.map(({ atMs, who, words }) =>
      `${atMs.toFixed(3).padStart(11)} ${who.padEnd(12)} ${words}`
    );
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
