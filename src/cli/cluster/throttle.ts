// A bound on how fast moves are copied, for as long as they last (KIP-73): what
// kafka-reassign-partitions sets with --throttle and takes back with --verify.
//
//   throttle    a rate for each broker concerned; of each topic the replicas that it holds for
//   unthrottle  those replicas are taken out again; the rates, too, once nothing moves any more
//
// Invariant: what is taken back is what these moves have named, so that whoever bounds other
// replicas, or all of a topic ("*"), keeps that.

import type { BrokerId } from "../../base/ids.ts";
import {
  alterConfigs,
  type Arrival,
  type Client,
  describeConfigs,
  loadNodeAdmin,
  type MovingPartition,
  type TopicPartition,
} from "../../client/mod.ts";
import { ArgumentFault } from "../arguments.ts";
import { isKafkaError } from "../failures.ts";

export const throttleOption = {
  throttle: {
    kind: "text",
    value: "RATE",
    about: "copy so much a second at most, of each broker: 50MB, 10MiB, or bytes",
  },
} as const;

const roles = ["leader", "follower"] as const;
const rateOf = (role: typeof roles[number]) => `${role}.replication.throttled.rate`;
const replicasOf = (role: typeof roles[number]) => `${role}.replication.throttled.replicas`;

const units: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Bytes a second. Throws ArgumentFault for anything else. */
export function rateIn(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12}) ?([A-Za-z]*)(?:\/s)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit] ?? 0);
  if (digits !== "" && bytes >= 1) return bytes;
  throw new ArgumentFault(
    `--throttle is bytes a second, such as 50MB, 10MiB or 5000000, not "${text}"`,
  );
}

/** A move, with who has the partition before it. */
interface ThrottledMove extends TopicPartition {
  readonly from: readonly BrokerId[];
  readonly to: readonly BrokerId[];
}

/** Has partitions move, at `rate` at most; moves that are refused are bounded no more. */
export async function beginMoves<M extends Arrival>(
  client: Client,
  moves: readonly M[],
  { rate, from }: { readonly rate?: number; readonly from: (move: M) => readonly BrokerId[] },
): Promise<void> {
  const { listMoving, movePartitions } = await loadNodeAdmin();
  if (rate === undefined) return await movePartitions(client, moves);
  const underWay = await listMoving(client);
  await throttle(client, moves.map((move) => bounded(move, from(move), underWay)), rate);
  try {
    await movePartitions(client, moves);
  } catch (error) {
    await unthrottle(client, moves);
    throw error;
  }
}

/** What an earlier move has begun to copy is not there yet. */
function bounded(
  { topic, partition, replicas: to }: Arrival,
  from: readonly BrokerId[],
  underWay: readonly MovingPartition[],
): ThrottledMove {
  const known = underWay.find((each) => each.topic === topic && each.partition === partition);
  const adding = known?.adding ?? [];
  return { topic, partition, from: from.filter((id) => !adding.includes(id)), to };
}

/** From now on these moves are copied at `rate`, in bytes a second of each broker, at most. */
async function throttle(
  client: Client,
  moves: readonly ThrottledMove[],
  rate: number,
): Promise<void> {
  const brokers = new Set(moves.flatMap(({ from, to }) => [...from, ...to]));
  for (const broker of await servingOf(client, brokers)) {
    const set = Object.fromEntries(roles.map((role) => [rateOf(role), rate]));
    await alterConfigs(client, { broker }, { set });
  }
  for (const [topic, of] of Map.groupBy(moves, (move) => move.topic)) {
    const bounded = await boundedIn(client, topic);
    const entries = {
      leader: of.flatMap(({ partition, from }) => from.map((id) => `${partition}:${id}`)),
      follower: of.flatMap(({ partition, from, to }) =>
        to.filter((id) => !from.includes(id)).map((id) => `${partition}:${id}`)
      ),
    };
    const append = roles.filter((role) => entries[role].length > 0 && !bounded[role].includes("*"))
      .map((role) => [replicasOf(role), entries[role].join(",")]);
    if (append.length === 0) continue;
    await alterConfigs(client, { topic }, { append: Object.fromEntries(append) });
  }
}

/** These partitions move no more: what bounded their moves is taken back, if anything did. */
export async function unthrottle(
  client: Client,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const brokers = new Set<BrokerId>();
  for (const [topic, of] of Map.groupBy(partitions, (each) => each.topic)) {
    const ids = of.map(({ partition }) => `${partition}`);
    const bounded = await boundedIn(client, topic);
    const subtract: Record<string, string> = {};
    const unset: string[] = [];
    for (const role of roles) {
      const left = bounded[role].filter((entry) => ids.includes(entry.split(":")[0] ?? ""));
      for (const entry of left) brokers.add(Number(entry.split(":")[1]));
      // An empty list is a setting of its own.
      if (left.length === 0) continue;
      if (left.length === bounded[role].length) unset.push(replicasOf(role));
      else subtract[replicasOf(role)] = left.join(",");
    }
    if (unset.length + Object.keys(subtract).length === 0) continue;
    await alterConfigs(client, { topic }, { unset, subtract });
  }
  const { listMoving } = await loadNodeAdmin();
  if (brokers.size === 0 || (await listMoving(client)).length > 0) return;
  for (const broker of await servingOf(client, brokers)) {
    await alterConfigs(client, { broker }, { unset: roles.map(rateOf) });
  }
}

/** The replicas of a topic that are bounded, PARTITION:BROKER. A topic that is gone has none. */
async function boundedIn(client: Client, topic: string) {
  const names = roles.map(replicasOf);
  const configs = await describeConfigs(client, { topic }, { names }).catch((error) => {
    if (!isKafkaError(error, "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
    return [];
  });
  const entriesOf = (role: typeof roles[number]) => {
    const text = configs.find(({ name }) => name === replicasOf(role))?.value ?? "";
    return text === "" ? [] : text.split(",");
  };
  return { leader: entriesOf("leader"), follower: entriesOf("follower") };
}

/** Those of them that serve: each is told of its own rate. */
async function servingOf(client: Client, ids: ReadonlySet<BrokerId>): Promise<BrokerId[]> {
  const { describeNodes } = await loadNodeAdmin();
  const nodes = await describeNodes(client, []);
  return nodes.filter(({ id, state }) => ids.has(id) && state === "serves").map(({ id }) => id);
}
