// Subscriptions by regular expression (KIP-848): which topics each expression of a group stands
// for.
//
//   not looked at yet                                  at once
//   topics may have changed since                      10 s after the last time, at the earliest
//   group.consumer.regex.refresh.interval.ms is over   the same
//
// All expressions of a group are looked at together, at a heartbeat of one of its members. The
// engine is linear in the names (RE2), and each name is a short text.
// What the member that speaks may not describe, its group's expressions do not stand for.
// Differs from Kafka: a member's regular expression is resolved within its heartbeat, so that the
// response takes the matching topics into account; Kafka resolves it in the background.

import type { Int64 } from "../../../base/int64.ts";
import { subtractInt64 } from "../../../base/int64.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { type Refusal, refusal } from "../modern/epochs.ts";
import type { View } from "../turn.ts";
import type { ConsumerGroup, ConsumerMember, ResolvedRegex } from "./group.ts";
import { type ConsumerGroupRecord, regexRecord } from "./stored.ts";

/** Between two looks at a group's expressions. */
const refreshIntervalMinMs = 10_000;

export interface RefreshedRegexes {
  readonly records: readonly ConsumerGroupRecord[];
  /** What each expression stands for, after the records. */
  readonly regexes: ReadonlyMap<string, ResolvedRegex>;
  /** Whether one stands for other topics than before. */
  readonly hasChanged: boolean;
}

/** Whether the expression can be compiled; undefined when it can, or nobody can tell yet. */
export function regexRefusal({ regexes }: View, regex: string): Refusal | undefined {
  const compiled = regexes.compile(regex);
  if (compiled === undefined || typeof compiled === "function") return undefined;
  const why = `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ` +
    `${compiled.problem}.`;
  return refusal(ErrorCode.INVALID_REGULAR_EXPRESSION, why);
}

/** Whether it is time to look at the expressions, `asked` among them. */
export function areRegexesDue(view: View, { regexes }: ConsumerGroup, asked: string): boolean {
  if (asked !== "" && !regexes.has(asked)) return true;
  for (const resolved of regexes.values()) if (isDue(view, resolved)) return true;
  return false;
}

function isDue({ nowMs, topics, config }: View, { version, timestampMs }: ResolvedRegex): boolean {
  const ageMs = subtractInt64(nowMs, timestampMs);
  if (ageMs < refreshIntervalMinMs) return false;
  return version < topics.version || ageMs >= config.consumer().regexRefreshIntervalMs;
}

/** Whose expressions to look at, and what they may stand for. */
export interface RegexRefresh {
  readonly members: Iterable<ConsumerMember>;
  /** Whether a topic may be known to the client that is being answered; absent: every one. */
  readonly mayDescribe: ((topic: string) => boolean) | undefined;
}

/** Looks at the expressions of `members`; those that nobody has any more are forgotten. */
export function refreshRegexes(
  view: View,
  group: ConsumerGroup,
  { members, mayDescribe }: RegexRefresh,
): RefreshedRegexes {
  const wanted = new Set<string>();
  for (const { subscribedTopicRegex } of members) {
    if (subscribedTopicRegex !== "") wanted.add(subscribedTopicRegex);
  }
  const records: ConsumerGroupRecord[] = [];
  const regexes = new Map<string, ResolvedRegex>();
  let hasChanged = false;
  for (const regularExpression of wanted) {
    const known = group.regexes.get(regularExpression);
    const isCurrent = known !== undefined && !isDue(view, known);
    const resolved = isCurrent ? known : resolve(view, regularExpression, mayDescribe) ?? known;
    if (resolved === undefined) continue;
    regexes.set(regularExpression, resolved);
    if (resolved === known) continue;
    if (known === undefined || !sameNames(known.topics, resolved.topics)) hasChanged = true;
    records.push(regexRecord(group.groupId, { regularExpression, resolved }));
  }
  for (const regularExpression of group.regexes.keys()) {
    if (wanted.has(regularExpression)) continue;
    records.push(regexRecord(group.groupId, { regularExpression, resolved: null }));
  }
  return { records, regexes, hasChanged };
}

/** Undefined where the expression cannot be compiled, or not yet. */
function resolve(
  { regexes, topics, nowMs }: View,
  regularExpression: string,
  mayDescribe: RegexRefresh["mayDescribe"] = () => true,
): ResolvedRegex | undefined {
  const matches = regexes.compile(regularExpression);
  if (typeof matches !== "function") return undefined;
  const names = new Set<string>();
  for (const name of topics.names()) if (matches(name) && mayDescribe(name)) names.add(name);
  return { topics: names, version: topics.version as Int64, timestampMs: nowMs };
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}
