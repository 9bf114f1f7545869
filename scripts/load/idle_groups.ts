// Thousands of groups at rest: what their heartbeats cost the broker, and what a heartbeat takes as
// a process of its own sees it, since this one is busy with all the others (probe.ts).

import { CreateTopics } from "../../src/protocol/mod.ts";
import { usageOf } from "../bench/program.ts";
import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { RawClient } from "../../tests/harness/raw_client.ts";
import { GroupMember, type Protocol, realMembers } from "../../tests/harness/group_member.ts";
import { percentile } from "./percentile.ts";

const topic = "read-by-all";
const partitionCount = 2;
/** As clients and brokers have it where nobody says otherwise. */
export const heartbeatsMs: Readonly<Record<Protocol, number>> = { classic: 3_000, consumer: 5_000 };
/** So many enter at once. */
const entering = 100;

export interface IdleOptions {
  readonly groups: number;
  readonly members: number;
  readonly seconds: number;
  readonly protocol: Protocol;
}

/** Prints what was measured. */
export async function measureIdleGroups(options: IdleOptions): Promise<void> {
  const { groups, members: membersOfEach, seconds, protocol } = options;
  await using broker = await BrokerProcess.start();
  await createTopic(broker, { topic, partitionCount });
  const members = realMembers(broker);
  const before = usageOf(broker.pid);
  let beats = 0;
  const onBeat = () => void beats++;
  const all: GroupMember[] = [];
  const count = groups * membersOfEach;
  const names = Array.from({ length: count }, (_, i) => `group-${i % groups}`);
  const heartbeatMs = heartbeatsMs[protocol];
  const enterAll = async () => {
    for (let group = names.pop(); group !== undefined; group = names.pop()) {
      const member = await GroupMember.enter(members, {
        protocol,
        group,
        topic,
        partitionCount,
        heartbeatMs,
        onBeat,
      });
      all.push(member);
      await member.settled;
    }
  };
  await Promise.all(Array.from({ length: entering }, enterAll));
  // Those that came first have been told to join again.
  await until(() => all.every(({ isSettled }) => isSettled), 120_000);
  await pass(2 * heartbeatMs);
  const start = usageOf(broker.pid);
  const startMs = performance.now();
  const beatsBefore = beats;
  await pass(seconds * 1_000);
  const end = usageOf(broker.pid);
  const tookMs = performance.now() - startMs;
  const counted = beats - beatsBefore;
  const probed = await probe(broker, { protocol, seconds: Math.min(seconds, 10) });
  const cpu = (end.cpuSeconds - start.cpuSeconds) / (tookMs / 1_000);
  const perBeatUs = (end.cpuSeconds - start.cpuSeconds) / counted * 1e6;
  const size = `${groups} groups of ${membersOfEach}`;
  console.log(
    `${protocol}: ${size} at rest, a heartbeat each ${heartbeatMs} ms: ` +
      `CPU ${(cpu * 100).toFixed(1)} % of a core (${perBeatUs.toFixed(0)} us a heartbeat); ` +
      `a heartbeat takes ${times(probed.beats)}, a bare echo ${times(probed.echoes)}; ` +
      `memory ${mb(end.residentBytes)} (${mb(before.residentBytes)} without them)`,
  );
  await Promise.all(all.map((member) => member.end()));
}

/** What answers take, in milliseconds. */
interface Probed {
  readonly beats: number[];
  readonly echoes: number[];
}

async function probe(
  { host, port }: BrokerProcess,
  { protocol, seconds }: { readonly protocol: Protocol; readonly seconds: number },
): Promise<Probed> {
  const program = new URL("./probe.ts", import.meta.url).pathname;
  const asked = [host, `${port}`, protocol, `${seconds}`];
  const args = ["run", "-A", "--no-check", program, ...asked];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

function times(ms: readonly number[]): string {
  return `p50 ${percentile(ms, 50).toFixed(1)} ms, p99 ${percentile(ms, 99).toFixed(1)} ms`;
}

/** Has the broker make a topic. */
export async function createTopic(
  broker: BrokerProcess,
  { topic, partitionCount }: { topic: string; partitionCount: number },
): Promise<void> {
  using client = await RawClient.connect(broker);
  const topics = [{
    name: topic,
    numPartitions: partitionCount,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }];
  await client.ask(CreateTopics, 5, { topics, timeoutMs: 30_000 });
  await client.findCoordinator();
}

/** Resolves once `holds`. */
export async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms`);
    await pass(20);
  }
}

export function pass(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
