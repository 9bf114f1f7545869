// What every real client must manage against a broker, said once. A client's file supplies a driver
// (how this client does it) and gets a test for each scenario; what only that client can do, it
// tests itself. Each outcome is a cell of the client matrix (matrix.ts).
//
//   kafkajs_test.ts ──┐
//   franz_go_test.ts ─┼─ Driver ──> clientTests() ──> Deno.test x scenarios, one broker a file
//   ... ──────────────┘
//
// Invariant: each test has topics and groups of its own, so that any one can be run alone.

import { messageOf } from "../../src/base/faults.ts";
import { firstOf } from "../../src/base/items.ts";
import { CreateTopics } from "../../src/protocol/mod.ts";
import { RawClient } from "../harness/raw_client.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { type Cell, recordCell } from "./cells.ts";
import { Brokers } from "./brokers.ts";
import type { Driver, Way } from "./driver.ts";
import { groupScenarios } from "./scenarios/groups.ts";
import { membershipScenarios } from "./scenarios/membership.ts";
import { RequestLog } from "./request_log.ts";
import type { Pairing, Scenario, Session } from "./scenario.ts";
import { eraScenarios } from "./scenarios/eras.ts";
import { recordScenarios } from "./scenarios/records.ts";
import { refusalScenarios } from "./scenarios/refusals.ts";
import { uniqueName } from "./scenarios/samples.ts";
import { shareScenarios } from "./scenarios/shares.ts";
import { topicScenarios } from "./scenarios/topics.ts";
import { addScramUser, adminOf, securityScenarios } from "./scenarios/security.ts";
import { transactionScenarios } from "./scenarios/transactions.ts";

export const scenarios: readonly Scenario[] = [
  ...topicScenarios,
  ...recordScenarios,
  ...eraScenarios,
  ...groupScenarios,
  ...membershipScenarios,
  ...shareScenarios,
  ...transactionScenarios,
  ...refusalScenarios,
  // Kafka would need more than a listener's settings to come in by it itself.
  ...targetFromEnvironment() === "kafka" ? [] : securityScenarios,
];

/** What a client lacks, each with the part of its API that proves it. */
export interface Lack {
  /** The names of the scenarios that cannot run for it. */
  readonly scenarios: readonly string[];
  readonly because: string;
}

/** Why a client cannot run here: for want of its language's tools, or although they are there. */
export interface Absence {
  readonly outcome: "skipped" | "fail";
  readonly reason: string;
}

export interface ClientTests {
  client: string;
  connect: (broker: Brokers, way?: Way) => Driver | Promise<Driver>;
  lacks?: readonly Lack[];
  /** Without its tools a client is skipped; one that they cannot install fails each scenario. */
  absent?: Absence | undefined;
  settings?: Record<string, string>;
}

/** What every broker here has: topics are made on purpose, and members may have short sessions. */
const brokerSettings = {
  "auto.create.topics.enable": "false",
  "group.min.session.timeout.ms": "1000",
  "group.consumer.min.heartbeat.interval.ms": "200",
  "group.consumer.heartbeat.interval.ms": "200",
};

/** Registers the tests that all clients share; returns the session for a client's own tests. */
export function clientTests(options: ClientTests): Session {
  const { client, absent } = options;
  if (absent) console.log(`${client}: ${absent.reason}`);
  checkLacks(options);
  const session = openSession(options);
  for (const scenario of scenarios) {
    const lack = options.lacks?.find((one) => one.scenarios.includes(scenario.name));
    const name = `${client} ${scenario.name}`;
    const cell = { client, scenario: scenario.name };
    if (absent !== undefined) {
      const reason = absent.reason.split("\n").slice(0, 2).join(" ");
      recordCell({ ...cell, version: "", outcome: absent.outcome, reason });
      const skip = absent.outcome === "skipped" ? absent.reason : undefined;
      conformanceTest({ name, skip }, () => Promise.reject(new Error(absent.reason)));
    } else if (lack !== undefined) {
      recordCell({ ...cell, version: "", outcome: "lacks", reason: lack.because });
      conformanceTest({ name, skip: lack.because }, () => Promise.resolve());
    } else {
      conformanceTest({ name }, () => runCell(scenario, { session, cell }));
    }
  }
  return session;
}

function checkLacks({ client, lacks = [] }: ClientTests): void {
  for (const name of lacks.flatMap((lack) => lack.scenarios)) {
    const known = scenarios.some((scenario) => scenario.name === name);
    if (!known) throw new Error(`${client} lacks "${name}", which is no scenario`);
  }
}

async function runCell(
  scenario: Scenario,
  { session, cell }: { session: Session; cell: Pick<Cell, "client" | "scenario"> },
): Promise<void> {
  const { version } = session.driver;
  try {
    await scenario.run(session);
    recordCell({ ...cell, version, outcome: "pass", reason: "" });
  } catch (error) {
    const reason = messageOf(error).split("\n")[0]!;
    recordCell({ ...cell, version, outcome: "fail", reason });
    throw error;
  }
}

/** A test whose client keeps sockets and timers of its own across tests. */
export function conformanceTest(
  { name, skip }: { name: string; skip?: string | undefined },
  run: () => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: skip !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: run,
  });
}

function openSession({ client, connect, settings, absent }: ClientTests): Session {
  const allSettings = { ...brokerSettings, ...settings };
  let broker: Brokers | undefined;
  let driver: Driver | undefined;
  if (!absent) {
    Deno.test.beforeAll(async () => {
      broker = await Brokers.start({ settings: allSettings });
      driver = await connect(broker);
    });
    Deno.test.afterAll(async () => {
      await driver?.close?.();
      await broker?.close();
    });
  }
  return {
    client,
    get broker() {
      return started(broker, "broker");
    },
    get driver() {
      return started(driver, "client");
    },
    makeTopic(word, options) {
      return makeTopic(this, word, options);
    },
    async restart(end) {
      const running = started(broker, "broker");
      await driver?.close?.();
      driver = undefined;
      await running.comeBack(end);
      driver = await connect(running);
    },
    async securely({ way, settings }, run) {
      const admin = adminOf(way);
      await using broker = await Brokers.start({
        settings: { ...allSettings, ...settings },
        admin,
      });
      if (way.logIn?.mechanism.startsWith("SCRAM")) await addScramUser(broker.bootstrap, admin);
      const driver = await connect(broker, way);
      const pairing: Pairing = {
        client,
        broker,
        driver,
        makeTopic: (...o) => makeTopic(pairing, ...o),
      };
      try {
        await run(pairing);
      } finally {
        await driver.close?.();
      }
    },
    async watched(run) {
      const log = new RequestLog();
      await using broker = await Brokers.start({
        settings: allSettings,
        flags: ["--trace"],
        onLine: (line) => log.onLine(line),
      });
      const driver = await connect(broker);
      const pairing: Pairing = {
        client,
        broker,
        driver,
        makeTopic: (...o) => makeTopic(pairing, ...o),
      };
      const isTraced = broker.target !== "kafka" && broker.target !== "node";
      try {
        await run(pairing, () => isTraced ? log.take(broker.nodes) : Promise.resolve(undefined));
      } finally {
        await driver.close?.();
      }
    },
  };
}

async function makeTopic(
  { driver, broker }: Pairing,
  word: string,
  { partitions = 1, configs = {} }: { partitions?: number; configs?: Record<string, string> } = {},
): Promise<string> {
  const topic = uniqueName(word);
  if (Object.keys(configs).length === 0) {
    await driver.createTopic(topic, { partitions, configs });
  } else {
    await createConfigured(broker, { topic, partitions, configs });
  }
  return topic;
}

/** For clients that cannot set configurations when they create a topic, or cannot create one. */
async function createConfigured(
  broker: Brokers,
  o: { topic: string; partitions: number; configs: Record<string, string> },
): Promise<void> {
  using raw = await RawClient.connect(firstOf(broker.nodes));
  const { topics } = await raw.ask(CreateTopics, 7, {
    topics: [{
      name: o.topic,
      numPartitions: o.partitions,
      replicationFactor: -1,
      assignments: [],
      configs: Object.entries(o.configs).map(([name, value]) => ({ name, value })),
    }],
  });
  const { errorCode, errorMessage } = firstOf(topics);
  if (errorCode !== 0) throw new Error(`${o.topic} was not created: ${errorCode} ${errorMessage}`);
}

function started<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new Error(`the ${what} did not start`);
  return part;
}
