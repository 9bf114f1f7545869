// Waiting for something to become so, and saying what was so instead when it did not.
//
//   await broker.waitFor({ topic: "orders", records: 3 });
//     waited 5 s for 3 records of orders: there are 2 (orders-0: 1, orders-1: 1)

import { messageOf, OttlaError, UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../base/options.ts";
import type { Client } from "../client/mod.ts";
import type { Timers } from "../runtime/ports.ts";
import { type Duration, durationText, millisecondsOf } from "./durations.ts";
import { readGroup, readTopic, type TestGroup, type TestRecord, topicEnds } from "./reading.ts";
import type { KafkaRequest, RequestFilter, Requests } from "./requests.ts";

/** A topic that has so many records. */
export interface RecordsGoal {
  /** The topic. */
  readonly topic: string;
  /** So many, or more. */
  readonly records: number;
}

/** A group that stands so. */
export interface GroupGoal {
  /** The group. */
  readonly group: string;
  /** Kafka's word, such as Stable or Empty. */
  readonly state?: string;
  /** How many are in it. */
  readonly members?: number;
  /** At most so much; it has to have committed something. */
  readonly lag?: number;
}

/** Requests that have come. */
export interface RequestsGoal {
  /** Which. */
  readonly requests: RequestFilter;
  /** So many, or more; default 1. */
  readonly count?: number;
}

/** How long to wait. */
export interface WaitOptions {
  /** Default "5s", by the real clock. */
  readonly timeout?: Duration;
}

/** It has not become so in time: the message says for what, and what was so instead. */
export class WaitTimeout extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "WaitTimeout";
  /** Always the same. */
  readonly code = "WAIT_TIMEOUT";
  /** It may become so yet. */
  readonly isRetriable = true;
}

/** What is waited for: what it is in words, and whether it is so. */
interface Goal<T> {
  readonly words: string;
  look(): Promise<{ readonly value: T } | { readonly instead: string; readonly cause?: unknown }>;
}

/** What can be looked at. */
export interface Scene {
  readonly client: Client;
  readonly requests: Requests;
  readonly timers: Timers;
  monotonic(): number;
}

const defaultTimeoutMs = 5_000;
const pauseMsMin = 5;
const pauseMsMax = 50;

type Condition<T> = () => T | undefined | null | false | Promise<T | undefined | null | false>;
type AnyGoal = RecordsGoal | GroupGoal | RequestsGoal | Condition<unknown>;

const recordsKinds: OptionKinds<RecordsGoal> = { topic: "text", records: "count" };
const groupKinds: OptionKinds<GroupGoal> = {
  group: "text",
  state: "text",
  members: "count",
  lag: "count",
};
const requestsKinds: OptionKinds<RequestsGoal> = { requests: "object", count: "count" };

/** Waits until `what` is so, and gives what there is then. Throws WaitTimeout. */
export async function waitFor(
  scene: Scene,
  what: AnyGoal,
  { timeout }: WaitOptions,
): Promise<unknown> {
  const goal = goalOf(scene, what);
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : millisecondsOf("waitFor", timeout);
  const endMs = scene.monotonic() + timeoutMs;
  for (let pauseMs = pauseMsMin;; pauseMs = Math.min(pauseMsMax, pauseMs * 2)) {
    const found = await goal.look();
    if ("value" in found) return found.value;
    if (scene.monotonic() >= endMs) {
      const message = `waited ${durationText(timeoutMs)} for ${goal.words}: ${found.instead}`;
      throw new WaitTimeout(message, { cause: found.cause });
    }
    await new Promise<void>((go) => scene.timers.after(pauseMs, go));
  }
}

function goalOf(scene: Scene, what: AnyGoal): Goal<unknown> {
  if (typeof what === "function") return conditionGoal(what);
  if (typeof what === "object" && what !== null) {
    if ("topic" in what) return recordsGoal(scene, checkOptions("waitFor", what, recordsKinds));
    if ("group" in what) return groupGoal(scene, checkOptions("waitFor", what, groupKinds));
    if ("requests" in what) {
      return requestsGoal(scene, checkOptions("waitFor", what, requestsKinds));
    }
  }
  const goals = "{ topic, records }, { group, ... }, { requests, count } or a function";
  throw new UsageFault(`waitFor takes ${goals}, not ${show(what)}`);
}

function recordsGoal({ client }: Scene, { topic, records }: RecordsGoal): Goal<TestRecord[]> {
  return {
    words: `${records} ${records === 1 ? "record" : "records"} of ${topic}`,
    async look() {
      const ends = await topicEnds(client, topic);
      if (ends.length === 0) return { instead: "there is no such topic" };
      // Markers of transactions have offsets, too, so that the records are counted in the end.
      const about = ends.reduce((sum, { count }) => sum + count, 0);
      const read = about >= records ? await readTopic(client, topic, {}) : undefined;
      if (read !== undefined && read.length >= records) return { value: read };
      const each = ends.map(({ topic, partition, count }) => `${topic}-${partition}: ${count}`);
      return { instead: `there are ${read?.length ?? about} (${each.join(", ")})` };
    },
  };
}

function groupGoal({ client }: Scene, goal: GroupGoal): Goal<TestGroup> {
  const { group, state, members, lag } = goal;
  const wanted = [
    state !== undefined && `to be ${state}`,
    members !== undefined && `to have ${members} members`,
    lag !== undefined && (lag === 0 ? "to have read everything" : `to have a lag of ${lag}`),
  ].filter((each) => each !== false);
  return {
    words: `group ${group} ${wanted.length === 0 ? "to be there" : wanted.join(" and ")}`,
    async look() {
      const now = await readGroup(client, group);
      const isSo = (state === undefined ? now.state !== "Dead" : now.state === state) &&
        (members === undefined || now.members.length === members) &&
        (lag === undefined || now.offsets.length > 0 && now.lag <= lag);
      return isSo ? { value: now } : { instead: groupText(now) };
    },
  };
}

function groupText({ state, members, offsets, lag }: TestGroup): string {
  if (state === "Dead" && offsets.length === 0) return "there is no such group";
  const committed = offsets.length === 0 ? "nothing committed" : `a lag of ${lag}`;
  return `it is ${state}, with ${members.length} members and ${committed}`;
}

function requestsGoal({ requests }: Scene, goal: RequestsGoal): Goal<KafkaRequest[]> {
  const { count = 1 } = goal;
  const wanted = requests.of(goal.requests);
  return {
    words: `${count} ${count === 1 ? "request" : "requests"} like ${JSON.stringify(goal.requests)}`,
    look() {
      const seen = wanted.seen();
      return Promise.resolve(
        seen.length >= count ? { value: seen } : { instead: `there were ${seen.length}` },
      );
    },
  };
}

function conditionGoal(condition: Condition<unknown>): Goal<unknown> {
  return {
    words: condition.name === "" ? "a condition" : condition.name,
    async look() {
      try {
        const value = await condition();
        if (value !== undefined && value !== null && value !== false) return { value };
        return { instead: `it gave ${show(value)}` };
      } catch (cause) {
        // An assertion of the test, which may hold the next time.
        return { instead: messageOf(cause), cause };
      }
    },
  };
}
