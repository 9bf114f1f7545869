// Asks Apache Kafka and Ottla the same questions, and compares the decoded answers field by field.
//
//   Scenario.run(talk) ── ask ──> Kafka ──> transcript ─┐
//                      └─ ask ──> Ottla ──> transcript ─┴─ differences()
//
// What two brokers cannot agree on (ids that they make up, ports, the time) is replaced by a label
// that says which one it is in order of appearance: so a member id is still the same member id.
// Sentences for people are compared by whether there is one. Records are compared by whole batches:
// Kafka may cut the last one off, which every client ignores.
//
// Invariant: a scenario runs on connections, topics and groups of its own, on both brokers alike.

import { isUuid, ZERO_UUID } from "../../src/base/ids.ts";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import {
  type AnyApi,
  type Api,
  ApiVersions,
  CreateTopics,
  type Decoded,
  decodeResponse,
  DescribeGroups,
  encodeRequest,
  ErrorCode,
  type Fields,
  FindCoordinator,
  type Input,
  ListOffsets,
  Metadata,
} from "../../src/protocol/mod.ts";
import { batchSizeOf } from "../../src/records/batch.ts";
import { within } from "../harness/deadline.ts";

const answerWithinMs = 20_000;
const settledWithinMs = 20_000;
/** Whoever asks without a pause keeps the brokers from what is waited for. */
const pollMs = 10;

/** One conversation, held with both brokers at each version of `about` that both serve. */
export interface Scenario {
  readonly about: AnyApi;
  readonly name: string;
  /** Otherwise all that both brokers serve. */
  readonly versions?: { readonly min?: number; readonly max?: number };
  /** The settings of the broker that it wants; otherwise the first. */
  readonly broker?: string;
  run(talk: Talk): Promise<void>;
}

/** A difference that is wanted, and why. Matches `about: name: path`. */
export interface Allowance {
  readonly where: RegExp;
  readonly why: string;
}

/** One thing that was said: to which API, and the answer as it is compared. */
interface Entry {
  readonly title: string;
  /** What was asked, as a reader of a failure needs it. */
  readonly question?: unknown;
  answer: unknown;
}

/** Where a broker is. */
export interface Reachable {
  readonly host: string;
  readonly port: number;
  /** Whether connections have to log in: those by the line "user" as the talk's own user. */
  readonly isGuarded?: boolean;
}

/** Users u0, u1 and so on, of a broker that asks who its clients are. */
export const guardedUserMax = 6_000;

/** The versions that both serve, by API key. */
export type Versions = ReadonlyMap<number, { readonly min: number; readonly max: number }>;

/** The connection ended before the answer came. */
export class Hangup extends Error {}

/** What a broker does by itself, behind its answers, it has not done in time. */
class Unsettled extends Error {}

/** A connection that asks one thing at a time. */
class Line {
  readonly #connection: Deno.TcpConn;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** The frame that answers `request`. Throws Hangup when the broker closes instead. */
  ask(request: Uint8Array): Promise<Uint8Array> {
    const answer = this.#turn.then(async () => {
      try {
        await this.send(request);
        const size = await this.#exactly(4);
        return await this.#exactly(new DataView(size.buffer).getInt32(0));
      } catch (error) {
        if (error instanceof Hangup) throw error;
        throw new Hangup(String(error));
      }
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  close(): void {
    this.#connection.close();
  }

  async #exactly(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const read = await this.#connection.read(bytes.subarray(filled));
      if (read === null) throw new Hangup("closed");
      filled += read;
    }
    return bytes;
  }
}

export interface AskOptions {
  /** Otherwise the scenario's version for its API, and the newest for others. */
  readonly version?: number;
  /** Which of the scenario's connections; they are made when first named. */
  readonly line?: string;
  /** What of the answer is compared. */
  readonly look?: (answer: never) => unknown;
}

/** One scenario's conversation with one broker. */
export class Talk {
  /** The version of the scenario's API. */
  readonly version: number;
  /** Names for topics and groups: the same on both brokers, used by no other scenario. */
  readonly topic: string;
  readonly group: string;
  /** A user that is nobody else's, with its name for a password. */
  readonly user: string;
  readonly entries: Entry[] = [];
  readonly #about: AnyApi;
  readonly #broker: Reachable;
  readonly #versions: Versions;
  readonly #lines = new Map<string, Promise<Line>>();
  readonly #labels = new Map<string, string>();

  constructor(
    broker: Reachable,
    o: { about: AnyApi; version: number; name: string; versions: Versions },
  ) {
    this.#broker = broker;
    this.#about = o.about;
    this.#versions = o.versions;
    this.version = o.version;
    this.topic = `topic-${o.name}`;
    this.group = `group-${o.name}`;
    this.user = `u${o.name}`;
  }

  /** Asks, and keeps the answer for the comparison. */
  async ask<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    message: Input<Q>,
    options: AskOptions = {},
  ): Promise<Decoded<S>> {
    const version = this.#versionOf(api, options);
    const entry: Entry = {
      title: `${this.entries.length + 1}. ${api.name} v${version}`,
      question: message,
      answer: "no answer",
    };
    this.entries.push(entry);
    try {
      const answer = await this.#exchange(api, message, options);
      entry.answer = this.#normalise(options.look ? options.look(answer as never) : answer);
      return answer;
    } catch (error) {
      if (error instanceof Hangup) entry.answer = "connection closed";
      throw error;
    }
  }

  /** Asks for what the scenario needs to go on: the answer is not compared. */
  async need<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    message: Input<Q>,
    options: AskOptions = {},
  ): Promise<Decoded<S>> {
    return await this.#exchange(api, message, options);
  }

  /** Sends what has no answer. */
  async tell<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    message: Input<Q>,
    options: AskOptions = {},
  ): Promise<void> {
    const version = this.#versionOf(api, options);
    const line = await this.#line(options.line);
    await line.send(concatBytes(encodeRequest(api, version, origin, message)));
  }

  /** Creates a topic and waits until its partitions take requests. Returns its id. */
  async createTopic(
    o: {
      name?: string;
      partitions?: number;
      configs?: Record<string, string>;
      line?: string;
    } = {},
  ): Promise<string> {
    const name = o.name ?? this.topic;
    const created = await this.need(CreateTopics, {
      topics: [{
        name,
        numPartitions: o.partitions ?? 1,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(o.configs ?? {}).map(([key, value]) => ({ name: key, value })),
      }],
    }, { version: 7, line: o.line });
    const { errorCode, errorMessage, topicId } = created.topics[0];
    if (errorCode !== 0) throw new Error(`${name} was not created: ${errorCode} ${errorMessage}`);
    await this.untilLed(name, o.partitions ?? 1, o.line);
    return topicId;
  }

  /** Kafka answers a creation before its partitions have opened. */
  async untilLed(name: string, partitions: number, line?: string): Promise<void> {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1,
    }));
    await this.until(async () => {
      const described = await this.need(Metadata, {
        topics: [{ name }],
        allowAutoTopicCreation: false,
      }, { version: 12, line });
      if (described.topics[0].partitions.length < partitions) return false;
      const { topics } = await this.need(ListOffsets, {
        replicaId: -1,
        topics: [{ name, partitions: asked }],
      }, { version: 7, line });
      return topics[0].partitions.every(({ errorCode }) => errorCode === 0);
    });
  }

  /** Kafka creates the offsets topic with the first group, and loads it in the background. */
  async untilGroupsAreLed(): Promise<void> {
    const groups = Array.from({ length: 40 }, (_, index) => `${this.group}-${index}`);
    await this.until(async () => {
      await this.need(FindCoordinator, { coordinatorKeys: [this.group] }, { version: 4 });
      const described = await this.need(DescribeGroups, { groups }, { version: 5 });
      return described.groups.every(({ errorCode }) => errorCode === 0);
    });
  }

  /** The same for transactional ids: whoever verifies one would be told so otherwise. */
  async untilTransactionsAreLed(): Promise<void> {
    const ids = Array.from({ length: 40 }, (_, index) => `${this.group}-${index}`);
    await this.until(async () => {
      const found = { keyType: 1, coordinatorKeys: ids };
      await this.need(FindCoordinator, found, { version: 4 });
      const { transactionStates } = await this.need(DescribeTransactions, {
        transactionalIds: ids,
      });
      const unknown = ErrorCode.TRANSACTIONAL_ID_NOT_FOUND;
      return transactionStates.every(({ errorCode }) => errorCode === unknown);
    });
  }

  /** Repeats `attempt`, each a round trip, until it is true. */
  async until(attempt: () => Promise<boolean>): Promise<void> {
    const startedAt = performance.now();
    while (!await attempt()) {
      if (performance.now() - startedAt > settledWithinMs) throw new Unsettled("never came true");
      await pause(pollMs);
    }
  }

  async close(): Promise<void> {
    for (const line of this.#lines.values()) (await line).close();
  }

  #versionOf(api: AnyApi, options: AskOptions): number {
    if (options.version !== undefined) return options.version;
    return api.key === this.#about.key ? this.version : this.#versions.get(api.key)!.max;
  }

  #line(name = "first"): Promise<Line> {
    let line = this.#lines.get(name);
    if (line === undefined) {
      const { host: hostname, port } = this.#broker;
      line = Deno.connect({ hostname, port }).then((connection) => new Line(connection));
      if (this.#broker.isGuarded) {
        const user = name === "user" ? this.user : "admin";
        line = line.then((connected) => loggedIn(connected, user));
      }
      this.#lines.set(name, line);
    }
    return line;
  }

  async #exchange<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    message: Input<Q>,
    options: AskOptions,
  ): Promise<Decoded<S>> {
    const version = this.#versionOf(api, options);
    const line = await this.#line(options.line);
    const request = concatBytes(encodeRequest(api, version, origin, message));
    const frame = await within(line.ask(request), {
      ms: answerWithinMs,
      what: () => `answer to ${api.name} v${version}`,
    });
    return decodeResponse(api, version, frame).message;
  }

  #normalise(value: unknown, key = ""): unknown {
    if (value instanceof Uint8Array) {
      return hexOf(key === "records" ? wholeBatches(value) : value);
    }
    if (Array.isArray(value)) {
      const list = key === "partitionResponses" ? sortedBy(value, ({ index }) => index) : value;
      return list.filter((each) => !isOurs(each?.name)).map((each) => this.#normalise(each, key));
    }
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).filter(([name]) => !isOurs(name));
      return Object.fromEntries(entries.map(([name, each]) => [name, this.#normalise(each, name)]));
    }
    const kind = labelled.get(key);
    if (kind?.(value)) return this.#label(key, value);
    return normalised.get(key)?.(value) ?? value;
  }

  #label(key: string, value: unknown): string {
    const kind = key === "leader" ? "memberId" : key;
    const known = `${kind} ${value}`;
    let label = this.#labels.get(known);
    if (label === undefined) {
      const before = [...this.#labels.values()].filter((each) => each.startsWith(`<${kind} `));
      label = `<${kind} ${before.length + 1}>`;
      this.#labels.set(known, label);
    }
    return label;
  }
}

/** The line, on which `user` has said who it is, by PLAIN. */
async function loggedIn(line: Line, user: string): Promise<Line> {
  const send = (api: AnyApi, version: number, message: object) =>
    line.ask(concatBytes(encodeRequest(api, version, origin, message as never)));
  await send(SaslHandshake, 1, { mechanism: "PLAIN" });
  const authBytes = utf8(`\0${user}\0${user}`);
  const frame = await send(SaslAuthenticate, 1, { authBytes });
  const { errorCode, errorMessage } = decodeResponse(SaslAuthenticate, 1, frame).message;
  if (errorCode !== 0) throw new Error(`${user} is not let in: ${errorMessage}`);
  return line;
}

const origin = { correlationId: 7, clientId: "differential" };

/** A configuration key that Kafka cannot have: it would move those behind it in a list. */
const isOurs = (name: unknown): boolean => typeof name === "string" && name.startsWith("ottla.");

const isMadeUp = (value: unknown): boolean => typeof value === "string" && value.length > 20;
const isId = (value: unknown): boolean =>
  typeof value === "string" && isUuid(value) && value !== ZERO_UUID;

/** Values that a broker makes up: compared by which one it is. */
const labelled: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["topicId", isId],
  ["memberId", isMadeUp],
  ["leader", isMadeUp],
  ["producerId", (value: unknown) => (value as number) >= 0],
]);

/** Values of which only the kind can be compared. */
const normalised: ReadonlyMap<string, (value: unknown) => unknown> = new Map([
  ["throttleTimeMs", () => 0],
  ["port", (value: unknown) => (value as number) > 0 ? "<port>" : value],
  ["clusterId", (value: unknown) => value ? "<cluster>" : value],
  ["logAppendTimeMs", (value: unknown) => (value as number) >= 0 ? "<now>" : value],
  ["errorMessage", (value: unknown) => value ? "<sentence>" : "<none>"],
  // Kafka has words for some of these codes.
  ["acknowledgeErrorMessage", () => "<any>"],
  ["documentation", (value: unknown) => value ? "<sentence>" : "<none>"],
  ["batchIndexErrorMessage", (value: unknown) => value ? "<sentence>" : "<none>"],
]);

/** For lists that Kafka gives in the order of a hash table. */
export function sortedBy<T>(list: readonly T[], keyOf: (each: T) => string | number): T[] {
  return [...list].sort((a, b) => {
    const [one, other] = [keyOf(a), keyOf(b)];
    return one < other ? -1 : one > other ? 1 : 0;
  });
}

function wholeBatches(records: Uint8Array): Uint8Array {
  let end = 0;
  while (end + 17 <= records.length && end + batchSizeOf(records, end) <= records.length) {
    end += batchSizeOf(records, end);
  }
  return records.subarray(0, end);
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What both brokers serve. */
export async function commonVersions(brokers: readonly Reachable[]): Promise<Versions> {
  const ranges = await Promise.all(brokers.map(versionsOf));
  const common = new Map<number, { min: number; max: number }>();
  for (const [key, { min, max }] of ranges[0]) {
    const other = ranges[1].get(key);
    if (other === undefined) continue;
    common.set(key, { min: Math.max(min, other.min), max: Math.min(max, other.max) });
  }
  return common;
}

/** What a broker says that it serves. */
export async function versionsOf(broker: Reachable): Promise<Versions> {
  const versions = new Map([[ApiVersions.key, { min: 0, max: 0 }]]);
  const talk = new Talk(broker, { about: ApiVersions, version: 0, name: "versions", versions });
  const { apiKeys } = await talk.need(ApiVersions, {});
  await talk.close();
  return new Map(
    apiKeys.map(({ apiKey, minVersion, maxVersion }) => {
      return [apiKey, { min: minVersion, max: maxVersion }];
    }),
  );
}

/** One leaf in which the answers differ. */
export interface Difference {
  /** `about: name: path: Kafka x, Ottla y`, which allowances are matched with. */
  readonly line: string;
  /** The question, for who reads the failure. */
  readonly asked: string;
  /** Which of the conversation's questions it is, as `5. Fetch v12`. */
  readonly title: string;
}

/** What was answered, by the questions' titles: names of topics and groups are the talk's own. */
export type Answers = ReadonlyMap<string, unknown>;

/** What was held: how many questions were asked of each, and where the answers differ. */
export interface Comparison {
  readonly questions: number;
  readonly differences: readonly Difference[];
  readonly kafka: Answers;
  readonly ottla: Answers;
  /** Whether Kafka has not come to what the scenario waits for. */
  readonly isUnsettled: boolean;
}

/** Runs `scenario` at `version` against both brokers. */
export async function compare(
  scenario: Scenario,
  o: { version: number; name: string; kafka: Reachable; ottla: Reachable; versions: Versions },
): Promise<Comparison> {
  const { about } = scenario;
  let isUnsettled = false;
  const [kafka, ottla] = await Promise.all([o.kafka, o.ottla].map(async (broker) => {
    const talk = new Talk(broker, { ...o, about });
    try {
      await scenario.run(talk);
    } catch (error) {
      if (!(error instanceof Hangup)) talk.entries.push({ title: "failed", answer: `${error}` });
      if (broker === o.kafka) isUnsettled = error instanceof Unsettled;
    } finally {
      await talk.close();
    }
    return talk.entries;
  }));
  const answersOf = (entries: readonly Entry[]): Answers =>
    new Map(entries.map(({ title, answer }) => [title, answer]));
  const answers = { kafka: answersOf(kafka), ottla: answersOf(ottla) };
  const found: Difference[] = [];
  const entries = new Map([...kafka, ...ottla].map((entry) => [entry.title, entry]));
  for (const entry of entries.values()) {
    const { title } = entry;
    for (const leaf of differences(answers.kafka.get(title), answers.ottla.get(title), title)) {
      const line = `${about.name} v${o.version}: ${scenario.name}: ${leaf}`;
      found.push({ line, title, asked: JSON.stringify(entry.question, forReading) ?? "" });
    }
  }
  // Whom both fail in the same way asks for what never is.
  const failed = answers.kafka.get("failed");
  if (found.length === 0 && failed !== undefined) {
    const line = `${about.name} v${o.version}: ${scenario.name}: both failed: ${failed}`;
    found.push({ line, asked: "", title: "failed" });
  }
  return { questions: kafka.length, differences: found, ...answers, isUnsettled };
}

/** For what a broker does behind its answers and tells nobody of. */
export function pause(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}

/** The leaves in which two values differ. */
export function* differences(kafka: unknown, ottla: unknown, path = ""): Generator<string> {
  if (isBranch(kafka) && isBranch(ottla) && Array.isArray(kafka) === Array.isArray(ottla)) {
    for (const key of new Set([...Object.keys(kafka), ...Object.keys(ottla)])) {
      const below = Array.isArray(kafka) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
      yield* differences(kafka[key], ottla[key], below);
    }
  } else if (!Object.is(kafka, ottla)) {
    yield `${path}: Kafka ${short(kafka)}, Ottla ${short(ottla)}`;
  }
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function short(value: unknown): string {
  const text = JSON.stringify(value, forReading) ?? "nothing";
  return text.length > 160 ? `${text.slice(0, 160)}... (${text.length})` : text;
}

function forReading(_: string, value: unknown): unknown {
  return typeof value === "bigint"
    ? `${value}`
    : value instanceof Uint8Array
    ? `${value.length} bytes`
    : value;
}
