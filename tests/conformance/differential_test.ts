// Holds Ottla to Apache Kafka's own answers, scenario by scenario and version by version.
//
// Needs Java and Maven for Kafka; without them it is skipped with the reason. What differs on
// purpose is in differential/allowances.ts, and an allowance that nothing needs fails the test.
// OTTLA_SCENARIO="Fetch v12" runs a part.

import { assertEquals } from "@std/assert";
import { ListGroups } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import {
  commonVersions,
  compare,
  type Difference,
  type Reachable,
  type Scenario,
  Talk,
  type Versions,
} from "./differential.ts";
import { accessScenarios, guardedSettings } from "./differential/access.ts";
import { allowances } from "./differential/allowances.ts";
import { changeScenarios } from "./differential/changes.ts";
import { consumerGroupScenarios } from "./differential/consumer_groups.ts";
import { configScenarios } from "./differential/configs.ts";
import { generatedScenarios } from "./differential/generated.ts";
import { type Holding, unexplained, variableQuestions } from "./differential/held_again.ts";
import { groupScenarios } from "./differential/groups.ts";
import { memberScenarios } from "./differential/members.ts";
import { principalScenarios } from "./differential/principals.ts";
import { producingScenarios } from "./differential/producing.ts";
import { readingScenarios } from "./differential/reading.ts";
import { replicaScenarios } from "./differential/replicas.ts";
import { shareGroupScenarios, untilShareGroupsAreKept } from "./differential/share_groups.ts";
import { sharingScenarios } from "./differential/sharing.ts";
import { streamsGroupScenarios } from "./differential/streams_groups.ts";
import { topicScenarios } from "./differential/topics.ts";
import { transactionScenarios } from "./differential/transactions.ts";
import { reasonToSkip } from "./java/installed.ts";

/** The longest conversations come first, so that nothing waits for them at the end. */
const scenarios: readonly Scenario[] = [
  ...changeScenarios,
  ...principalScenarios,
  ...topicScenarios,
  ...configScenarios,
  ...producingScenarios,
  ...readingScenarios,
  ...consumerGroupScenarios,
  ...memberScenarios,
  ...groupScenarios,
  ...replicaScenarios,
  ...transactionScenarios,
  ...shareGroupScenarios,
  ...sharingScenarios,
  ...streamsGroupScenarios,
  ...generatedScenarios,
  ...accessScenarios,
];

/** Brokers with other settings, each for the scenarios that name it. */
const settings: Readonly<Record<string, Record<string, string>>> = {
  usual: {
    "offsets.topic.num.partitions": "4",
    "num.partitions": "2",
    // Neither waits before it assigns.
    "group.streams.initial.rebalance.delay.ms": "0",
    "group.streams.assignment.interval.ms": "0",
  },
  strict: { "auto.create.topics.enable": "false" },
  guarded: guardedSettings,
};

/** A part of the titles of those that are wanted, such as "Fetch v12: sizes". */
const only = Deno.env.get("OTTLA_SCENARIO");

/** So many conversations are held at a time: Kafka takes 40 ms for what it asks its controller. */
const talksAtOnce = 12;

/** So often, where Kafka does not come to what it does behind its answers, or they differ. */
const heldAgainMax = 3;

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`the comparison with Kafka is skipped: ${skip}`);

Deno.test({
  name: "Ottla answers as Kafka does",
  ignore: skip !== undefined,
  fn: async () => {
    const held = { conversations: 0, questions: 0, found: [] as Difference[] };
    for (const broker of Object.keys(settings)) await compareOn(broker, held);
    const { conversations, questions, found } = held;
    console.log(`${questions} questions in ${conversations} conversations were compared`);
    const wrong = notAllowed(found);
    assertEquals(wrong.length, 0, `${wrong.length} differences:\n${told(wrong)}`);
    // Which of the questions that are made up need one is a matter of the seed.
    if (only || Deno.env.has("OTTLA_SEED")) return;
    const unused = allowances.filter(({ where }) => !found.some(({ line }) => where.test(line)));
    assertEquals(unused, [], "these allowances are not needed any more");
  },
});

/** A line for each, under the question that they are the answer to. */
function told(differences: readonly Difference[]): string {
  return differences.map(({ line, asked }, index) =>
    differences[index - 1]?.asked === asked ? line : `asked ${asked}\n${line}`
  ).join("\n");
}

interface Held {
  conversations: number;
  questions: number;
  readonly found: Difference[];
}

async function compareOn(name: string, held: Held): Promise<void> {
  const started = await Promise.all([
    BrokerProcess.start({ target: "kafka", settings: settings[name] }),
    BrokerProcess.start({ settings: settings[name] }),
  ]);
  const isGuarded = name === "guarded";
  const [kafka, ottla] = started.map(({ host, port }) => ({ host, port, isGuarded }));
  try {
    const versions = await commonVersions([kafka, ottla]);
    await Promise.all([kafka, ottla].map((each) => warmedUp(each, versions)));
    const work = scenarios.filter((each) => (each.broker ?? "usual") === name)
      .flatMap((scenario) => talksOf(scenario, versions));
    const isWanted = new RegExp(only ?? "");
    const wanted = work.filter((each) => isWanted.test(each.title));
    let next = 0;
    const worker = async () => {
      for (let i = next++; i < wanted.length; i = next++) {
        const { scenario, version } = wanted[i];
        const { questions, differences } = await compareSettled(scenario, {
          version,
          nameOf: (again) => `${i + again * wanted.length}`,
          kafka,
          ottla,
          versions,
        });
        held.conversations++;
        held.questions += questions;
        held.found.push(...differences);
      }
    };
    await Promise.all(Array.from({ length: talksAtOnce }, worker));
  } finally {
    for (const each of started) await each.close();
  }
}

/**
 * Kafka begins to keep a share group's state with one heartbeat, or not at all when its coordinator
 * has not heard of the topic yet, and some of its answers are a matter of its threads: such a
 * conversation is held again, under names of its own, and Ottla may answer as Kafka does at times.
 */
async function compareSettled(
  scenario: Scenario,
  o: Omit<Parameters<typeof compare>[1], "name"> & { nameOf(again: number): string },
): Promise<{ readonly questions: number; readonly differences: readonly Difference[] }> {
  const title = `${scenario.about.name} v${o.version}: ${scenario.name}`;
  const holdings: Holding[] = [];
  let questions = 0;
  for (let again = 0; again <= heldAgainMax; again++) {
    const name = o.nameOf(again);
    const held = await compare(scenario, { ...o, name });
    questions += held.questions;
    const isLast = again === heldAgainMax;
    if (!held.isUnsettled || isLast) holdings.push({ ...held, name });
    if (!held.isUnsettled && notAllowed(unexplained(holdings)).length === 0) break;
    if (!isLast) console.log(`${title}: held again`);
  }
  for (const each of variableQuestions(holdings)) {
    console.log(`${title}: ${each}: Kafka has more than one answer`);
  }
  return { questions, differences: unexplained(holdings) };
}

const notAllowed = (found: readonly Difference[]): Difference[] =>
  found.filter(({ line }) => !allowances.some(({ where }) => where.test(line)));

function talksOf(scenario: Scenario, versions: Versions) {
  const range = versions.get(scenario.about.key);
  if (range === undefined) return [];
  const min = Math.max(range.min, scenario.versions?.min ?? 0);
  const max = Math.min(range.max, scenario.versions?.max ?? range.max);
  const talks = [];
  for (let version = min; version <= max; version++) {
    const title = `${scenario.about.name} v${version}: ${scenario.name}`;
    talks.push({ scenario, version, title });
  }
  return talks;
}

/** Both serve groups of every kind. */
async function warmedUp(broker: Reachable, versions: Versions): Promise<void> {
  const talk = new Talk(broker, { about: ListGroups, version: 0, name: "warm-up", versions });
  try {
    await talk.untilGroupsAreLed();
    await talk.untilTransactionsAreLed();
    if (!broker.isGuarded) await untilShareGroupsAreKept(talk);
  } finally {
    await talk.close();
  }
}
