// What access rules cost a small Produce request: a broker with 1,000 topics and 10,000 rules
// beside one with the topics alone, in turn.
//
//   for each topic   the client may write to it, and nine others may do something to it
//   a tenth of all   is about names that begin so, of twenty lengths: each is looked up
//
// The rate is asked of by each round, CPU time as well: what others on the machine do changes the
// first, and hardly the second.

import { firstOf, itemAt } from "../../src/base/items.ts";
import { type AccessRule, Client, loadAclAdmin } from "../../src/client/mod.ts";
import { CreateTopics } from "../../src/protocol/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { checkProduced, produceFrame } from "./frames.ts";
import { runLoad } from "./load.ts";
import { type Program, startProgram } from "./program.ts";
import { median } from "./statistics.ts";

export interface AclBench {
  readonly command: (folder: string, settings: Record<string, string>) => readonly string[];
  readonly rounds: number;
  readonly durationMs: number;
}

const topics = 1_000;
const rulesOfTopic = 10;
const rulesAtOnce = 1_000;
const lanes = 16;
const client = "User:ANONYMOUS";
const guarded = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
};

/** Runs and prints it. */
export async function benchAcls(bench: AclBench): Promise<void> {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
  const started: Program[] = [];
  try {
    const [open, ruled] = folders;
    started.push(await startProgram(bench.command(open, {})));
    await makeTopics(firstOf(started).port);
    started.push(await startRuled(bench, ruled));
    await compare(bench, { open: itemAt(started, 0), ruled: itemAt(started, 1) });
  } finally {
    for (const program of started) await program.stop();
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
}

/** Only a super user may make rules; once they are there, the client is none. */
async function startRuled(bench: AclBench, folder: string): Promise<Program> {
  const first = await startProgram(bench.command(folder, { ...guarded, "super.users": client }));
  try {
    await makeTopics(first.port);
    await makeRules(first.port);
  } finally {
    await first.stop();
  }
  return await startProgram(bench.command(folder, guarded));
}

/** What a round has measured of one of the two. */
interface Round {
  readonly rate: number;
  readonly cpuUs: number;
}

async function compare(
  { rounds, durationMs }: AclBench,
  programs: { readonly open: Program; readonly ruled: Program },
): Promise<void> {
  const open: Round[] = [];
  const ruled: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    const turns = [[programs.open, open], [programs.ruled, ruled]] as const;
    for (const [program, measured] of round % 2 === 0 ? turns : turns.toReversed()) {
      const found = await load(program, durationMs);
      if (round > 0) measured.push(found);
    }
  }
  console.log(`\nsmall requests, ${topics} topics, ${topics * rulesOfTopic} access rules`);
  console.log("                 requests/s   CPU us a request");
  print("no authorizer", open);
  print("with rules", ruled);
  const ratios = ruled.map(({ rate }, i) => rate / itemAt(open, i).rate);
  const costs = ruled.map(({ cpuUs }, i) => cpuUs / itemAt(open, i).cpuUs);
  console.log(`  of the rate without: ${told(ratios)}`);
  console.log(`  of the CPU time without: ${told(costs)}`);
}

async function load(program: Program, durationMs: number): Promise<Round> {
  const frames = Array.from({ length: topics }, (_, i) => {
    return produceFrame({ topic: nameOf(i), partition: 0, records: 1, recordBytes: 100, acks: 1 });
  });
  let next = 0;
  const before = program.usage().cpuSeconds;
  const { requests, elapsedMs } = await runLoad({
    port: program.port,
    connections: lanes,
    inFlight: 1,
    durationMs,
    request: () => itemAt(frames, next++ % topics),
    check: checkProduced,
  });
  const cpuUs = (program.usage().cpuSeconds - before) / requests * 1e6;
  return { rate: requests / elapsedMs * 1_000, cpuUs };
}

function print(name: string, rounds: readonly Round[]): void {
  const rate = median(rounds.map(({ rate }) => rate)).toFixed(0).padStart(12);
  const cpuUs = median(rounds.map(({ cpuUs }) => cpuUs)).toFixed(1).padStart(19);
  console.log(`  ${name.padEnd(14)}${rate}${cpuUs}`);
}

function told(ratios: readonly number[]): string {
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
  return `${median(ratios).toFixed(2)}  (rounds: ${each})`;
}

/** Of several lengths, with a beginning that few share. */
function nameOf(i: number): string {
  return `team-${i % 50}.${"orders.".repeat(i % 4)}${i}`;
}

async function connect(port: number): Promise<Client> {
  return await Client.connect(await detectRuntime(), { bootstrap: `127.0.0.1:${port}` });
}

async function makeTopics(port: number): Promise<void> {
  const admin = await connect(port);
  const asked = Array.from({ length: topics }, (_, i) => ({
    name: nameOf(i),
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const answer = await admin.request(CreateTopics, {
    topics: asked,
    timeoutMs: 120_000,
    validateOnly: false,
  }, { to: "controller" });
  const failed = answer.topics.find(({ errorCode }) => errorCode !== 0);
  admin.close();
  if (failed !== undefined) throw new Error(`${failed.name} was not created: ${failed.errorCode}`);
}

async function makeRules(port: number): Promise<void> {
  const { addAcls } = await loadAclAdmin();
  const admin = await connect(port);
  const rules = Array.from({ length: topics }, (_, i) => rulesAbout(i)).flat();
  for (let start = 0; start < rules.length; start += rulesAtOnce) {
    await addAcls(admin, rules.slice(start, start + rulesAtOnce));
  }
  admin.close();
}

function rulesAbout(topic: number): AccessRule[] {
  const name = nameOf(topic);
  const about = { resourceType: "topic", host: "*", permission: "allow" } as const;
  const own: AccessRule = {
    ...about,
    resourceName: name,
    pattern: "literal",
    principal: client,
    operation: "write",
  };
  const prefix: AccessRule = {
    ...about,
    resourceName: name.slice(0, 1 + topic % 20),
    pattern: "prefixed",
    principal: `User:reader-${topic}`,
    operation: "read",
  };
  const others = Array.from({ length: rulesOfTopic - 2 }, (_, i): AccessRule => {
    return { ...own, principal: `User:other-${i}-${topic % 100}`, operation: "read" };
  });
  return [own, prefix, ...others];
}
