// `ottla consume --share-group`: prints records as a member of a share group, each of which is one
// member's at a time.
//
//   given --printed--> accept | release | reject --> told with the next request, or at the end
//
// Invariant: a record is acknowledged once it is printed and not before, so that who takes the
// output away sooner loses nothing: others of the group are given what is left.

import { type Client, ShareConsumer } from "../../client/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import { ArgumentFault, type Values } from "../arguments.ts";
import { type CliContext, exitCode, onEnough } from "../context.ts";
import { counted } from "../counted.ts";
import type { RecordDecoder } from "../schemas/record_decoding.ts";
import type { RecordsFormat } from "./record_format.ts";

/** The options that share groups have of their own. */
export const shareOptions = {
  "share-group": {
    kind: "text",
    value: "NAME",
    about: "share the records in a share group: each goes to one of its members",
  },
  acknowledge: {
    kind: "text",
    value: "WORD",
    about: "what is said of each: accept, release or reject (default accept)",
  },
} as const;

/** What is said of a record once it is printed. */
export type Acknowledgement = "accept" | "release" | "reject";

const words: readonly string[] = ["accept", "release", "reject"];

/** So long nothing comes until that is told. */
const quietMs = 1_000;

/** What the options ask to be said; undefined without a share group. Throws ArgumentFault. */
export function acknowledgementOf(
  { "share-group": group, acknowledge }: Values<typeof shareOptions>,
): Acknowledgement | undefined {
  if (group === undefined) {
    if (acknowledge === undefined) return undefined;
    throw new ArgumentFault("--acknowledge needs --share-group NAME");
  }
  const word = acknowledge?.toLowerCase() ?? "accept";
  if (words.includes(word)) return word as Acknowledgement;
  throw new ArgumentFault(`--acknowledge takes ${words.join(", ")}, not "${acknowledge}"`);
}

/** What to read, and what to do with it. */
export interface SharedReading {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly recordsMax: number;
  readonly idleMsMax: number;
  readonly acknowledgement: Acknowledgement;
  readonly decoder: RecordDecoder | undefined;
  readonly format: RecordsFormat;
}

/** Prints records until there are enough, none comes for long enough, or Ctrl-C does. */
export async function printShared(
  context: CliContext,
  client: Client,
  reading: SharedReading,
): Promise<number> {
  const { groupId, topics, recordsMax, acknowledgement, decoder, format: formatRecords } = reading;
  const consumer = new ShareConsumer(client, {
    groupId,
    topics,
    acknowledgement: "explicit",
    // What is taken and not printed is kept from others until the end.
    recordsMax: Math.max(1, Math.min(500, recordsMax)),
  });
  const end = new AbortController();
  let isUnread = false;
  const stop = onEnough(context, (why) => {
    isUnread = why === "unread";
    end.abort();
  });
  const silence = new Silence(context, reading, () => end.abort());
  let printed = 0;
  try {
    silence.begin();
    if (recordsMax === 0) end.abort();
    for await (const record of consumer.records({ signal: end.signal })) {
      context.out(formatRecords(await decoder?.decode([record]) ?? [record]));
      record[acknowledgement]();
      if (++printed >= recordsMax) break;
      silence.begin();
    }
  } finally {
    silence.end();
    await consumer.close();
    stop();
  }
  if (!isUnread) tellRead(context, { printed, decoder });
  return exitCode.ok;
}

/** Says how much that was, and what could not be decoded. */
export function tellRead(
  context: CliContext,
  { printed, decoder }: { printed: number; decoder: RecordDecoder | undefined },
): void {
  context.note(`Read ${counted(printed, "record")}.`);
  const undecoded = decoder?.words;
  if (undecoded !== undefined) context.note(undecoded);
}

/** The time since the last record: told of once, and over at some point where that is asked. */
class Silence {
  readonly #context: CliContext;
  readonly #reading: SharedReading;
  readonly #over: () => void;
  #timer: Timer | undefined;
  #isTold = false;

  constructor(context: CliContext, reading: SharedReading, over: () => void) {
    this.#context = context;
    this.#reading = reading;
    this.#over = over;
  }

  begin(): void {
    this.#timer?.cancel();
    const { idleMsMax, topics } = this.#reading;
    const { timers } = this.#context.runtime;
    if (idleMsMax < Infinity) this.#timer = timers.after(idleMsMax, this.#over);
    else if (!this.#isTold) {
      this.#timer = timers.after(quietMs, () => {
        this.#isTold = true;
        this.#context.note(`Waiting for records of ${topics.join(", ")}.`);
      });
    }
  }

  end(): void {
    this.#timer?.cancel();
  }
}
