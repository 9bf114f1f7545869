// The answer that refuses a request with any of Kafka's errors.
//
//   the API's handler can refuse as a whole -> its own words      (Heartbeat, CreateTopics ...)
//   it only reads                           -> its answer, with the error written over it
//   it writes, and tells of each item       -> an answer made here (Produce, DeleteRecords ...)
//
// Invariant: what is refused has changed nothing.

import { itemAt } from "../base/items.ts";
import { allHandlers } from "../broker/mod.ts";
import { type AnyApi, type ErrorCode, errorMessage, errorName } from "../protocol/mod.ts";
import type { Struct } from "../protocol/message_topics.ts";

/** What is refused, and how. */
export interface Refusal {
  readonly api: AnyApi;
  readonly version: number;
  readonly request: Struct;
  readonly errorCode: ErrorCode;
}

/** How a request is refused: at once by an answer, or by changing the one that it would get. */
export type Refused =
  | { readonly answer: Struct }
  | { readonly overwrite: (answer: Struct) => Struct };

const produceKey = 0;
const fetchKey = 1;

/** What an API that writes says of the items of a request. */
const itemAnswers: Readonly<Record<number, (request: Struct, errorCode: ErrorCode) => Struct>> = {
  [produceKey]: ({ topicData }, errorCode) => ({
    responses: structs(topicData).map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: structs(partitionData)
        .map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
    })),
  }),
  21: ({ topics }, errorCode) => ({
    topics: structs(topics).map(({ name, partitions }) => ({
      name,
      partitions: structs(partitions)
        .map(({ partitionIndex }) => ({ partitionIndex, errorCode, lowWatermark: -1 })),
    })),
  }),
  24: ({ v3AndBelowTopics, transactions }, partitionErrorCode) => {
    const results = (topics: unknown) =>
      structs(topics).map(({ name, partitions }) => ({
        name,
        resultsByPartition: (partitions as readonly number[])
          .map((partitionIndex) => ({ partitionIndex, partitionErrorCode })),
      }));
    return {
      resultsByTopicV3AndBelow: results(v3AndBelowTopics),
      resultsByTransaction: structs(transactions)
        .map(({ transactionalId, topics }) => ({ transactionalId, topicResults: results(topics) })),
    };
  },
  42: ({ groupsNames }, errorCode) => ({
    results: (groupsNames as readonly string[]).map((groupId) => ({ groupId, errorCode })),
  }),
};

function structs(list: unknown): readonly Struct[] {
  return Array.isArray(list) ? list : [];
}

let refusing: Promise<ReadonlyMap<number, Refuse>> | undefined;
type Refuse = (
  request: never,
  refusal: { errorCode: ErrorCode; errorMessage: string; version: number },
) => unknown;

/** How handlers refuse, by API key. Loads all of them when first asked. */
async function handlersThatRefuse(): Promise<ReadonlyMap<number, Refuse>> {
  const handlers = await allHandlers();
  return new Map(
    handlers.flatMap(({ api, refuse }) => refuse === undefined ? [] : [[api.key, refuse]]),
  );
}

/** How `refusal` is brought about. */
export async function refuse(refusal: Refusal): Promise<Refused> {
  const { api, version, request, errorCode } = refusal;
  const ownRefusal = (await (refusing ??= handlersThatRefuse())).get(api.key);
  if (ownRefusal !== undefined) {
    const terms = { errorCode, errorMessage: errorMessage(errorCode), version };
    return { answer: ownRefusal(request as never, terms) as Struct };
  }
  const itemAnswer = itemAnswers[api.key];
  if (itemAnswer !== undefined) return { answer: itemAnswer(request, errorCode) };
  return { overwrite: (answer) => overwritten(answer, refusal) };
}

/** A list in an answer, or the answer itself, and the field of it that has an error code. */
interface Level {
  readonly name: string;
  readonly code: string;
  readonly depth: number;
  apply(answer: Struct, errorCode: ErrorCode): { readonly answer: Struct; readonly count: number };
}

/** `answer` with the error at the outermost level whose meaning it is, else at the innermost. */
function overwritten(answer: Struct, { api, version, errorCode }: Refusal): Struct {
  const levels = levelsOf(api, version);
  const known = levels.filter(({ name }) => {
    const errors = api.errors?.[name] ?? {};
    return errorName(errorCode) in errors;
  });
  for (const level of [...known, ...levels.toReversed()]) {
    const applied = level.apply(answer, errorCode);
    if (applied.count > 0) {
      return api.key === fetchKey ? withoutRecords(applied.answer) : applied.answer;
    }
  }
  return answer;
}

/** The levels of an answer of this version, the outermost first. */
function levelsOf(api: AnyApi, version: number): Level[] {
  const levels: Level[] = [];
  collectLevels(api.response.fields, { path: [], name: "response", version, levels });
  return levels.sort((a, b) => a.depth - b.depth);
}

function collectLevels(
  fields: AnyApi["response"]["fields"],
  at: { path: readonly string[]; name: string; version: number; levels: Level[] },
): void {
  const { path, version, levels } = at;
  for (const [name, { wire, versions }] of Object.entries<Fields[string]>(fields)) {
    if (version < versions.min || version > versions.max) continue;
    if (name.endsWith("rrorCode")) {
      levels.push({
        name: at.name,
        code: name,
        depth: path.length,
        apply: (answer, errorCode) => atPath(answer, { path, code: name, errorCode }),
      });
    }
    const element = wire.kind === "array" ? wire.element : undefined;
    if (element?.kind !== "struct") continue;
    collectLevels(element.fields, { path: [...path, name], name, version, levels });
  }
}

type Fields = AnyApi["response"]["fields"];

function atPath(
  struct: Struct,
  { path, code, errorCode }: { path: readonly string[]; code: string; errorCode: ErrorCode },
): { answer: Struct; count: number } {
  if (path.length === 0) return { answer: { ...struct, [code]: errorCode }, count: 1 };
  const name = itemAt(path, 0);
  const items = structs(struct[name])
    .map((item) => atPath(item, { path: path.slice(1), code, errorCode }));
  const count = items.reduce((sum, item) => sum + item.count, 0);
  return { answer: { ...struct, [name]: items.map(({ answer }) => answer) }, count };
}

/** A partition that is refused brings no records. */
function withoutRecords(answer: Struct): Struct {
  const empty = new Uint8Array();
  return {
    ...answer,
    responses: structs(answer.responses).map((topic) => ({
      ...topic,
      partitions: structs(topic.partitions)
        .map((each) => ({ ...each, records: empty, abortedTransactions: null })),
    })),
  };
}
