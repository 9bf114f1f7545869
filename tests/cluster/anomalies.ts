// Holds what clients were told against what readers find in the end: the anomalies that Jepsen's
// workload for Kafka looks for, and two of ours. Pure, for histories of any cluster.
//
//   inconsistent offset   one offset, two values
//   lost write            acknowledged, or given to a reader, and not where later records are
//   unseen                the same, and readers come to the end without it
//   duplicate             one value at two offsets
//   phantom               a value that nobody sent there
//   nonmonotonic send     a producer's later record lies before its earlier one
//   nonmonotonic poll     a reader goes back though nobody told it to
//   skipped poll          a reader, or a group, passes a record over
//   aborted read          a reader of committed records has one that is not
//   torn transaction      some of a transaction is committed, or not what was told of it
//   position went back    what a group has committed is less than it was
//   wrong start           a partition begins below what was deleted, or above what was to be
//   risen                 what went with its topic is in the one that was made anew
//
// A topic that was made anew has nothing of what was sent to it before; of what was sent in between
// nobody knows to which of the two it went.
//
// Invariant: what is not known counts neither way.

import type {
  Found,
  Move,
  Operation,
  Place,
  Poll,
  Position,
  ReadRecord,
  Send,
  TransactionEnd,
  Trim,
} from "./operations.ts";

export const anomalyKinds = [
  "inconsistent offset",
  "lost write",
  "unseen",
  "duplicate",
  "phantom",
  "nonmonotonic send",
  "nonmonotonic poll",
  "skipped poll",
  "aborted read",
  "torn transaction",
  "position went back",
  "wrong start",
  "risen",
] as const;

export interface Anomaly {
  readonly kind: typeof anomalyKinds[number];
  readonly words: string;
  /** Words of the history in which to look for how it came about. */
  readonly about: readonly string[];
}

/** What is wrong with a history; nothing where all is well. */
export function anomaliesOf(operations: readonly Operation[], found: Found): Anomaly[] {
  const all = sorted(operations);
  const lives = livesOf(operations, found);
  const history: Known = { ...all, sends: all.sends.map((send) => known(send, lives)), found };
  return [
    ...risen(all.sends, { lives, found }),
    ...inconsistentOffsets(history),
    ...missing(history),
    ...duplicates(history),
    ...phantoms(history),
    ...sendsOutOfOrder(history),
    ...pollsOutOfOrder(history),
    ...skippedByGroups(history),
    ...abortedReads(history),
    ...tornTransactions(history),
    ...positionsGoneBack(history),
    ...wrongStarts(history),
  ];
}

interface Known {
  readonly sends: readonly Send[];
  readonly ends: readonly TransactionEnd[];
  readonly reads: readonly (Poll | Move)[];
  readonly positions: readonly Position[];
  readonly trims: readonly Trim[];
  readonly found: Found;
}

function sorted(operations: readonly Operation[]): Omit<Known, "found"> {
  const sends: Send[] = [];
  const ends: TransactionEnd[] = [];
  const reads: (Poll | Move)[] = [];
  const positions: Position[] = [];
  const trims: Trim[] = [];
  for (const each of operations) {
    if (each.kind === "send") sends.push(each);
    else if (each.kind === "end") ends.push(each);
    else if (each.kind === "poll" || each.kind === "move") reads.push(each);
    else if (each.kind === "trim") trims.push(each);
    else if (each.kind === "commit" || each.kind === "look") positions.push(each);
  }
  return { sends, ends, reads, positions, trims };
}

/** Of a topic that was made anew: from when on it may have records, and surely has all. */
interface Lives {
  readonly begunMs: number;
  readonly knownFromMs: number;
}

const unknownLives: Lives = { begunMs: -Infinity, knownFromMs: Infinity };

function livesOf(
  operations: readonly Operation[],
  { settledMs = Infinity, ids }: Found,
): Map<string, Lives> {
  const lives = new Map<string, Lives>();
  for (const each of operations) {
    if (each.kind === "doom" && !lives.has(each.topic)) lives.set(each.topic, unknownLives);
    if (each.kind !== "life" || ids?.get(each.topic) !== each.id) continue;
    const { topic, begunMs, endedMs } = each;
    lives.set(topic, { begunMs, knownFromMs: Math.max(endedMs, settledMs) });
  }
  return lives;
}

function topicOf(place: Place): string {
  return place.slice(0, place.lastIndexOf("-"));
}

/** As much of what was told of a record as its topic's last life has to do with. */
function known(send: Send, lives: ReadonlyMap<string, Lives>): Send {
  const { knownFromMs = 0 } = lives.get(topicOf(send.place)) ?? {};
  return send.begunMs >= knownFromMs ? send : { ...send, isAcknowledged: false, offset: undefined };
}

function* risen(
  sends: readonly Send[],
  { lives, found }: { readonly lives: ReadonlyMap<string, Lives>; readonly found: Found },
): Generator<Anomaly> {
  for (const { place, value, isAcknowledged, endedMs = Infinity } of sends) {
    const life = lives.get(topicOf(place));
    if (life === undefined || !isAcknowledged || endedMs >= life.begunMs) continue;
    const there = found.all.get(place)?.find((record) => record.value === value);
    if (there === undefined) continue;
    const words = `${value} was acknowledged before ${topicOf(place)} was made anew, and is at ` +
      `${there.offset} of ${place}`;
    yield { kind: "risen", words, about: [value] };
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

/** Every record that somebody was given, and what was found in the end. */
function* given({ reads, found }: Known): Generator<{ place: Place; by: string } & ReadRecord> {
  for (const [place, records] of found.all) {
    for (const record of records) yield { place, by: "who reads at the end", ...record };
  }
  for (const read of reads) {
    if (read.kind !== "poll") continue;
    for (const record of read.records) yield { place: read.place, by: read.who, ...record };
  }
}

function* inconsistentOffsets(history: Known): Generator<Anomaly> {
  const values = new Map<Place, Map<number, { value: string; by: string }>>();
  const see = function* (
    { place, offset, value, by }: { place: Place; by: string } & ReadRecord,
  ): Generator<Anomaly> {
    const known = entry(entry(values, place, () => new Map()), offset, () => ({ value, by }));
    if (known.value === value) return;
    yield {
      kind: "inconsistent offset",
      words: `${place} has ${known.value} at ${offset} for ${known.by}, and ${value} for ${by}`,
      about: [known.value, value],
    };
  };
  for (const each of given(history)) yield* see(each);
  for (const { who, place, value, offset } of history.sends) {
    if (offset !== undefined) yield* see({ place, offset, value, by: who });
  }
}

/** What a transaction came to, by its name. */
function outcomes({ ends }: Known): ReadonlyMap<string, TransactionEnd["outcome"]> {
  return new Map(ends.map(({ transaction, outcome }) => [transaction, outcome]));
}

function* missing(history: Known): Generator<Anomaly> {
  const there = new Map<Place, Set<string>>();
  for (const [place, records] of history.found.all) {
    there.set(place, new Set(records.map(({ value }) => value)));
  }
  for (const { who, place, value, isAcknowledged, offset } of history.sends) {
    if (!isAcknowledged || there.get(place)?.has(value)) continue;
    if (isTrimmed(history.found, place, offset)) continue;
    const last = history.found.all.get(place)?.at(-1)?.offset ?? -1;
    const isBehind = offset === undefined || offset > last;
    yield {
      kind: isBehind ? "unseen" : "lost write",
      words: `${value} of ${who} was acknowledged${
        offset === undefined ? "" : ` at ${offset}`
      }, and is not in ${place}, which ends with ${last}`,
      about: [value],
    };
  }
  // Told once, though many may have been given it.
  const gone = new Set<string>();
  for (const { place, offset, value, by } of given(history)) {
    if (there.get(place)?.has(value) || gone.has(value)) continue;
    if (isTrimmed(history.found, place, offset)) continue;
    gone.add(value);
    const last = history.found.all.get(place)?.at(-1)?.offset ?? -1;
    yield {
      kind: offset > last ? "unseen" : "lost write",
      words: `${by} was given ${value} at ${offset} of ${place}, which ends with ${last}, and it ` +
        "is not there",
      about: [value],
    };
  }
}

/** Whether what was there was deleted, or may have been where nobody knows its offset. */
function isTrimmed({ starts }: Found, place: Place, offset: number | undefined): boolean {
  return (offset ?? -1) < (starts?.get(place) ?? 0);
}

function* wrongStarts({ trims, found }: Known): Generator<Anomaly> {
  for (const [place, start] of found.starts ?? []) {
    const its = trims.filter((trim) => trim.place === place);
    const offsets = (all: readonly Trim[]) => all.map(({ offset }) => offset);
    const least = Math.max(0, ...offsets(its.filter(({ isAcknowledged }) => isAcknowledged)));
    const most = Math.max(0, ...offsets(its));
    if (start >= least && start <= most) continue;
    yield {
      kind: "wrong start",
      words: `${place} begins with ${start}: what was deleted is below ${least}, and nothing was ` +
        `to be from ${most} on`,
      about: ["records deleted"],
    };
  }
}

function* duplicates(history: Known): Generator<Anomaly> {
  const places = new Map<string, string>();
  for (const { place, offset, value } of given(history)) {
    const at = `${place} at ${offset}`;
    const before = entry(places, value, () => at);
    if (before === at) continue;
    places.set(value, at);
    yield {
      kind: "duplicate",
      words: `${value} is in ${before}, and in ${at}`,
      about: [value],
    };
  }
}

function* phantoms(history: Known): Generator<Anomaly> {
  const sent = new Map(history.sends.map(({ value, place }) => [value, place]));
  for (const { place, offset, value, by } of given(history)) {
    if (sent.get(value) === place) continue;
    const words = `${by} has ${value} in ${place} at ${offset}, and nobody sent it there`;
    yield { kind: "phantom", words, about: [value] };
  }
}

function* sendsOutOfOrder({ sends, found }: Known): Generator<Anomaly> {
  const offsets = new Map<string, number>();
  for (const records of found.all.values()) {
    for (const { value, offset } of records) offsets.set(value, offset);
  }
  const last = new Map<string, { value: string; offset: number }>();
  for (const { who, place, value, isAcknowledged } of sends) {
    const offset = offsets.get(value);
    if (!isAcknowledged || offset === undefined) continue;
    const before = last.get(`${who} ${place}`);
    last.set(`${who} ${place}`, { value, offset });
    if (before === undefined || before.offset < offset) continue;
    yield {
      kind: "nonmonotonic send",
      words: `${who} sent ${before.value}, then ${value}: they are at ${before.offset} and at ` +
        `${offset} of ${place}`,
      about: [before.value, value],
    };
  }
}

function* pollsOutOfOrder({ reads, found }: Known): Generator<Anomaly> {
  const last = new Map<string, Map<Place, number>>();
  const index = new Map([found.all, found.committed].map((each) => [each, places(each)]));
  for (const read of reads) {
    if (read.kind === "move") {
      last.delete(read.who);
      continue;
    }
    const { who, place, isCommitted, records } = read;
    const mine = entry(last, who, () => new Map<Place, number>());
    const visible = index.get(isCommitted ? found.committed : found.all)!.get(place) ?? [];
    for (const { offset, value } of records) {
      const before = mine.get(place);
      mine.set(place, offset);
      if (before === undefined) continue;
      if (offset <= before) {
        const words = `${who} is given ${value} at ${offset} of ${place} after ${before}`;
        yield { kind: "nonmonotonic poll", words, about: [value, who] };
        continue;
      }
      const passed = firstAbove(visible, before);
      if (passed === undefined || passed.offset >= offset) continue;
      yield {
        kind: "skipped poll",
        words: `${who} goes from ${before} to ${offset} of ${place}, over ${passed.value} at ` +
          `${passed.offset}`,
        about: [passed.value, who],
      };
    }
  }
}

type Records = readonly ReadRecord[];

function places(found: ReadonlyMap<Place, Records>): Map<Place, Records> {
  return new Map([...found].map(([place, records]) => [
    place,
    [...records].sort((a, b) => a.offset - b.offset),
  ]));
}

/** The first record above an offset, of records in order. */
function firstAbove(records: Records, offset: number): ReadRecord | undefined {
  let low = 0;
  for (let high = records.length; low < high;) {
    const middle = (low + high) >> 1;
    if (records[middle]!.offset > offset) high = middle;
    else low = middle + 1;
  }
  return records[low];
}

/** What lies below a group's committed position some member was given. */
function* skippedByGroups({ reads, positions, found }: Known): Generator<Anomaly> {
  const given = new Map<string, Set<string>>();
  for (const read of reads) {
    if (read.kind !== "poll" || read.group === undefined) continue;
    const values = entry(given, `${read.group} ${read.place}`, () => new Set());
    for (const { value } of read.records) values.add(value);
  }
  const ends = new Map<string, Position>();
  for (const each of positions) {
    const key = `${each.group} ${each.place}`;
    if (each.kind !== "commit" || each.endedMs === undefined || !given.has(key)) continue;
    if ((ends.get(key)?.offset ?? -1) < each.offset) ends.set(key, each);
  }
  for (const [key, { group, place, offset: end }] of ends) {
    for (const { offset, value } of found.all.get(place) ?? []) {
      if (offset >= end || given.get(key)!.has(value)) continue;
      yield {
        kind: "skipped poll",
        words: `${group} has committed ${end} of ${place}, and nobody of it was given ${value} ` +
          `at ${offset}`,
        about: [value, group],
      };
    }
  }
}

function* abortedReads(history: Known): Generator<Anomaly> {
  const { reads, sends, found } = history;
  const transactions = new Map(sends.map(({ value, transaction }) => [value, transaction]));
  const ended = outcomes(history);
  const committed = new Map([...found.committed].map(([place, records]) => [
    place,
    new Set(records.map(({ value }) => value)),
  ]));
  for (const read of reads) {
    if (read.kind !== "poll" || !read.isCommitted) continue;
    for (const { value, offset } of read.records) {
      const transaction = transactions.get(value);
      const isAborted = transaction !== undefined && ended.get(transaction) === "aborted";
      if (!isAborted && committed.get(read.place)?.has(value)) continue;
      yield {
        kind: "aborted read",
        words: `${read.who} was given ${value} at ${offset} of ${read.place}, and ` +
          (isAborted ? `${transaction} was aborted` : "it is not committed"),
        about: [value, ...transaction === undefined ? [] : [transaction]],
      };
    }
  }
}

/** Of a transaction, which records are committed and which are not. */
interface Parts {
  readonly there: string[];
  readonly missing: string[];
}

function partsOf({ sends, found }: Known): Map<string, Parts> {
  const committed = new Set<string>();
  for (const records of found.committed.values()) {
    for (const { value } of records) committed.add(value);
  }
  const parts = new Map<string, Parts>();
  for (const { transaction, value } of sends) {
    if (transaction === undefined) continue;
    const part = entry(parts, transaction, () => ({ there: [], missing: [] }));
    part[committed.has(value) ? "there" : "missing"].push(value);
  }
  return parts;
}

function* tornTransactions(history: Known): Generator<Anomaly> {
  const parts = partsOf(history);
  const ended = outcomes(history);
  for (const [transaction, { there, missing }] of parts) {
    const outcome = ended.get(transaction) ?? "unknown";
    const isWhole = (outcome === "committed" || there.length === 0 || missing.length === 0) &&
      (outcome !== "committed" || missing.length === 0) &&
      (outcome !== "aborted" || there.length === 0);
    if (isWhole) continue;
    yield {
      kind: "torn transaction",
      words: `${transaction} (${outcome}) has committed ${there.join(", ") || "nothing"}, and ` +
        `not ${missing.join(", ") || "nothing"}`,
      about: [transaction, ...there, ...missing],
    };
  }
  yield* tornPositions(history, parts);
}

/** The last of the transactions that are committed says how far their group is. */
function* tornPositions(
  { ends, found }: Known,
  parts: ReadonlyMap<string, Parts>,
): Generator<Anomaly> {
  const wanted = new Map<string, { offset: number; transaction: string }>();
  for (const { transaction, position } of ends) {
    if (position === undefined || (parts.get(transaction)?.there.length ?? 0) === 0) continue;
    const { group, place, offset } = position;
    const last = entry(wanted, `${group} in ${place}`, () => ({ offset, transaction }));
    if (last.offset < offset) wanted.set(`${group} in ${place}`, { offset, transaction });
  }
  for (const [key, { offset, transaction }] of wanted) {
    const there = found.positions.get(key) ?? -1;
    if (there === offset) continue;
    yield {
      kind: "torn transaction",
      words: `${transaction} is committed, and has ${key} at ${offset}: it is at ${there}`,
      about: [transaction],
    };
  }
}

/** What was committed is seen by whoever looks, or commits, after it was answered. */
function* positionsGoneBack({ positions, found }: Known): Generator<Anomaly> {
  const byKey = new Map<string, Told[]>();
  for (const { kind, group, place, offset, begunMs, endedMs } of positions) {
    if (endedMs === undefined) continue;
    entry(byKey, `${group} in ${place}`, () => []).push({ kind, offset, begunMs, endedMs });
  }
  for (const [key, all] of byKey) {
    const offset = found.positions.get(key);
    if (offset !== undefined) {
      all.push({ kind: "the end", offset, begunMs: Infinity, endedMs: Infinity });
    }
    const byEnd = [...all].sort((a, b) => a.endedMs - b.endedMs);
    let next = 0;
    let highest: Told | undefined;
    for (const each of [...all].sort((a, b) => a.begunMs - b.begunMs)) {
      for (; next < byEnd.length && byEnd[next]!.endedMs < each.begunMs; next++) {
        const ended = byEnd[next]!;
        if (highest === undefined || ended.offset > highest.offset) highest = ended;
      }
      if (highest === undefined || highest.offset <= each.offset) continue;
      yield {
        kind: "position went back",
        words: `${key} was at ${highest.offset} (${highest.kind} until ` +
          `${highest.endedMs.toFixed(0)} ms), and is at ${each.offset} (${each.kind} from ` +
          `${each.begunMs.toFixed(0)} ms)`,
        about: [key.slice(0, key.indexOf(" "))],
      };
    }
  }
}

/** A group's position, as an answer tells it. */
interface Told {
  readonly kind: string;
  readonly offset: number;
  readonly begunMs: number;
  readonly endedMs: number;
}
