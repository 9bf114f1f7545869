// Arguments that somebody else's program hands to admin and consumer: JavaScript lets anything
// through, so what does not fit is refused at once, in the words of the call.
//
//   admin.deleteTopic(["a"])                    deleteTopic takes a topic as text, not a list
//   consumer.seek({ topic: "a", offset: 1 })    seek: partition is a whole number …, not undefined

import { UsageFault } from "../base/faults.ts";
import { isInt64 } from "../base/int64.ts";
import { checkOptions, show } from "../base/options.ts";
import type { NewTopic } from "./admin/topics.ts";
import type { Committer } from "./admin/group_offsets.ts";

const int32Max = 2 ** 31 - 1;
const int16Max = 2 ** 15 - 1;

/** `what` names the argument: "a topic", "a group". */
export function checkText(call: string, what: string, given: unknown): void {
  if (typeof given === "string") return;
  throw new UsageFault(`${call} takes ${what} as text, not ${show(given)}`);
}

export function checkCount(call: string, what: string, given: unknown, max = int32Max): void {
  if (Number.isInteger(given) && (given as number) >= 0 && (given as number) <= max) return;
  throw new UsageFault(`${call}: ${what} is a whole number from 0 to ${max}, not ${show(given)}`);
}

export function checkNewTopic(call: string, topic: NewTopic): void {
  checkOptions(call, topic, {
    name: "text",
    partitions: "count",
    replicationFactor: "count",
    assignments: "list",
    configs: "object",
  });
  checkText(call, "name", topic.name);
  if (topic.partitions !== undefined) checkCount(call, "partitions", topic.partitions);
  if (topic.replicationFactor !== undefined) {
    checkCount(call, "replicationFactor", topic.replicationFactor, int16Max);
  }
  topic.assignments?.forEach((brokers, partition) => {
    if (!Array.isArray(brokers)) {
      throw new UsageFault(`${call}: assignments has a list of brokers for each partition`);
    }
    for (const id of brokers) checkCount(call, `a broker of partition ${partition}`, id);
  });
  for (const [name, value] of Object.entries(topic.configs ?? {})) {
    checkConfigValue(`${call}: config ${name}`, value);
  }
}

/** What has a text that a broker reads as it was meant. */
export function checkConfigValue(call: string, value: unknown): void {
  if (value === undefined || ["string", "bigint", "boolean"].includes(typeof value)) return;
  if (Number.isFinite(value)) return;
  throw new UsageFault(
    `${call} takes its value as text, a number or a boolean, not ${show(value)}`,
  );
}

/** A partition: an object with topic and partition; `fields` are what else may be in it. */
export function checkPartition(call: string, given: unknown, fields: readonly string[] = []): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const wanted = ["topic", "partition", ...fields].join(", ");
    throw new UsageFault(`${call} takes objects with ${wanted}, not ${show(given)}`);
  }
  const { topic, partition } = given as { topic?: unknown; partition?: unknown };
  checkText(call, "topic", topic);
  checkCount(call, "partition", partition);
}

export function checkPartitions(call: string, given: unknown, fields?: readonly string[]): void {
  if (!Array.isArray(given)) {
    throw new UsageFault(`${call} takes a list of partitions, not ${show(given)}`);
  }
  for (const each of given) checkPartition(call, each, fields);
}

/** Places with their offsets. */
export function checkOffsets(call: string, given: unknown): void {
  checkPartitions(call, given, ["offset"]);
  for (const each of given as { offset?: unknown }[]) checkOffset(call, each.offset);
}

export function checkOffset(call: string, offset: unknown): void {
  if (isInt64(offset)) return;
  throw new UsageFault(`${call}: offset is a whole number, not ${show(offset)}`);
}

/** Where in a partition. */
export function checkPlace(call: string, place: unknown): void {
  if (place === "earliest" || place === "latest") return;
  const isTime = typeof place === "object" && place !== null && "timestampMs" in place;
  if (isTime && isInt64(place.timestampMs)) return;
  const wanted = '"earliest", "latest" or { timestampMs } with a whole number';
  throw new UsageFault(`${call} takes ${wanted}, not ${show(isTime ? place.timestampMs : place)}`);
}

export function checkCommitter(call: string, by: unknown): void {
  if (by === undefined) return;
  const { memberId, generation, groupInstanceId } = (by ?? {}) as Partial<Committer>;
  checkText(call, "by.memberId", memberId);
  if (groupInstanceId !== null) checkText(call, "by.groupInstanceId", groupInstanceId);
  if (Number.isInteger(generation)) return;
  throw new UsageFault(`${call}: by.generation is a whole number, not ${show(generation)}`);
}

/** A topic, a group or client metrics by name, a broker by id, or all brokers. */
export function checkResource(call: string, given: unknown): void {
  const named = Object.entries(given ?? {}).filter(([, name]) => name !== undefined);
  const [[kind, name] = [], ...others] = named;
  if (others.length > 0) throw new UsageFault(`${call} takes one resource, not ${show(given)}`);
  if (kind === "topic" || kind === "group" || kind === "clientMetrics") checkText(call, kind, name);
  else if (kind === "broker") checkCount(call, kind, name);
  else if (kind !== "brokers" || name !== "all") {
    throw new UsageFault(`${call} takes { topic }, { group } or { broker }, not ${show(given)}`);
  }
}
