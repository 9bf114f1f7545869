// `ottla cluster status`: what etcd knows of a cluster, and how its members are. It works whether
// brokers run or not; `ottla cluster nodes` asks a broker.
//
// Invariant: what it prints is 80 columns wide, but for what users have named longer.

import { formatAddress } from "../../base/address.ts";
import { escaped } from "../../base/visible.ts";
import { type BrokerId, ZERO_UUID } from "../../base/ids.ts";
import type { MetadataImage, PartitionImage } from "../../cluster/mod.ts";
import { hasRoom, isInUse, minInSyncReplicas } from "../../cluster/mod.ts";
import type { EtcdMember, EtcdMetadataStore } from "../../etcd/mod.ts";
import { command, jsonOption } from "../arguments.ts";
import { configOf, homeOptions, withHome } from "./metadata.ts";
import { type CliContext, exitCode } from "../context.ts";
import { renderJson, renderTable } from "../table.ts";

/** Partitions in need that are printed. */
const namedMax = 20;
const mib = 1024 * 1024;

const status = command({
  name: "cluster status",
  operands: [],
  about: "show what etcd knows of a cluster, and what is in need",
  options: { ...jsonOption, ...homeOptions },
  examples: [["cluster status --cluster etcd://a:2379/main", "whether brokers run or not"]],
  run: (context, { options }) =>
    withHome(context, { config: configOf(context, options) }, async (home) => {
      const found = { ...statusOf(home), etcd: await home.members() };
      if (options.json) context.out(renderJson(found));
      else printStatus(context, found);
      return exitCode.ok;
    }),
});

/** What is wrong with a partition, the worst first. */
const troubles = [
  "leaderless",
  "too few in sync",
  "disk is full",
  "recovers",
  "disk is gone",
  "under-replicated",
] as const;
type Trouble = typeof troubles[number];

function troubleOf(
  partition: PartitionImage,
  { minIsr, offline, isRefusing }: {
    readonly minIsr: number;
    readonly offline: readonly BrokerId[];
    readonly isRefusing: boolean;
  },
): Trouble | undefined {
  const { leader, isr, replicas, recovering } = partition;
  if (leader < 0) return "leaderless";
  if (isr.length < Math.min(minIsr, replicas.length)) return "too few in sync";
  if (isRefusing) return "disk is full";
  if (recovering) return "recovers";
  if (offline.length > 0) return "disk is gone";
  return isr.length < replicas.length ? "under-replicated" : undefined;
}

/** Replicas whose brokers serve, without the disk that they are on. */
function offlineOf(image: MetadataImage, { replicas, directories }: PartitionImage): BrokerId[] {
  return replicas.filter((id, i) => {
    const [broker, directory] = [image.broker(id), directories[i]];
    return broker !== undefined && !broker.fenced && directory !== undefined &&
      !isInUse(broker, directory);
  });
}

/** Whether its leader refuses records, since its disk is full and nobody else in sync has room. */
function isFullAtLeader(image: MetadataImage, partition: PartitionImage): boolean {
  const { leader, replicas, directories } = partition;
  const broker = image.broker(leader);
  return broker !== undefined &&
    !hasRoom(broker, directories[replicas.indexOf(leader)] ?? ZERO_UUID);
}

/** What is not as it should be, the worst first. */
function inNeed(image: MetadataImage) {
  const found = image.topics().flatMap(({ name: topic, partitions }) => {
    const minIsr = minInSyncReplicas(image, topic);
    return partitions.flatMap((partition) => {
      const offline = offlineOf(image, partition);
      const isRefusing = isFullAtLeader(image, partition);
      const trouble = troubleOf(partition, { minIsr, offline, isRefusing });
      if (trouble === undefined) return [];
      const { id, leader, replicas, isr: inSync, elr: eligible } = partition;
      return [{ topic, partition: id, trouble, leader, replicas, inSync, eligible, offline }];
    });
  });
  return found.sort((a, b) => troubles.indexOf(a.trouble) - troubles.indexOf(b.trouble));
}

function statusOf(home: EtcdMetadataStore) {
  const { image, clusterId, controllerId, leaderEpoch, revision } = home;
  const partitions = image.topics().flatMap((topic) => topic.partitions);
  const needs = inNeed(image);
  const count = (holds: (partition: PartitionImage) => boolean) => partitions.filter(holds).length;
  return {
    clusterId,
    revision,
    controller: controllerId < 0 ? null : controllerId,
    term: leaderEpoch,
    topics: image.topicCount,
    partitions: partitions.length,
    withoutLeader: count(({ leader }) => leader < 0),
    tooFewInSync: needs.filter(({ trouble }) => trouble === "too few in sync").length,
    underReplicated: count(({ isr, replicas }) => isr.length < replicas.length),
    withoutDisk: needs.filter(({ offline }) => offline.length > 0).length,
    refusing: count((partition) => isFullAtLeader(image, partition)),
    moving: count((each) => each.addingReplicas.length + each.removingReplicas.length > 0),
    notPreferred: count(({ leader, replicas: [first] }) => leader >= 0 && leader !== first),
    brokers: image.brokers().map(
      ({ id, rack, endPoints: [first], fenced, inControlledShutdown, fullDirectories }) => {
        const lives = home.liveness.alive(id) !== undefined;
        const serves = inControlledShutdown ? "stops" : fenced ? "fenced" : "serves";
        return {
          id,
          address: first === undefined ? null : formatAddress(first),
          rack,
          state: lives ? serves : "gone",
          leads: count(({ leader }) => leader === id),
          replicas: count(({ replicas }) => replicas.includes(id)),
          inSync: count(({ isr }) => isr.includes(id)),
          fullDirectories: fullDirectories.length,
        };
      },
    ),
    needs,
  };
}

type Status = ReturnType<typeof statusOf> & { readonly etcd: readonly EtcdMember[] };

function printStatus(context: CliContext, found: Status): void {
  const { brokers, controller, term, needs, etcd } = found;
  const say = (line: string) => context.out(escaped(line) + "\n");
  say(`Cluster ${found.clusterId}, at revision ${found.revision}`);
  say(`${found.topics} topics, ${found.partitions} partitions: ${troublesIn(found)}`);
  if (controller === null) say("No broker is the controller.");
  else say(`Broker ${controller} is the controller, since term ${term}.`);
  const absences = absencesIn(found);
  if (absences !== undefined) say(absences);
  const full = brokers.filter(({ fullDirectories }) => fullDirectories > 0).map(({ id }) => id);
  if (full.length > 0) say(`Disks are full: of broker ${full.join(", ")}.`);
  const rows = brokers.map((
    { id, address, rack, state, leads, replicas, inSync },
  ) => [id, address ?? undefined, rack ?? undefined, state, leads, replicas, inSync]);
  const header = ["broker", "address", "rack", "state", "leads", "replicas", "in sync"];
  context.out("\n" + renderTable(header, rows));
  const members = etcd.map(({ endpoint, answers, isLeader, version, bytes = 0 }) => [
    endpoint,
    answers ? isLeader ? "leads" : "answers" : "does not answer",
    version,
    answers ? `${(bytes / mib).toFixed(1)} MiB` : undefined,
  ]);
  context.out("\n" + renderTable(["etcd", "state", "version", "size"], members));
  if (needs.length === 0) return;
  const shown = needs.slice(0, namedMax).map((each) => [
    each.topic,
    each.partition,
    each.trouble,
    each.leader < 0 ? undefined : each.leader,
    each.replicas.join(","),
    each.inSync.join(",") || undefined,
    each.eligible.join(",") || undefined,
  ]);
  const columns = ["topic", "partition", "trouble", "leader", "replicas", "in sync", "eligible"];
  context.out("\n" + renderTable(columns, shown));
  if (needs.length > namedMax) say(`and ${needs.length - namedMax} more: --json has all of them`);
}

/** Who is not there, whether partitions are in need of them or not. */
function absencesIn({ brokers, etcd }: Status): string | undefined {
  const said = [
    [brokers.filter(({ state }) => state === "gone").length, "of the brokers"],
    [etcd.filter(({ answers }) => !answers).length, "of these members of etcd"],
  ] as const;
  const told = said.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? undefined : `Away: ${told.join(", ")}.`;
}

function troublesIn(found: ReturnType<typeof statusOf>): string {
  const said = [
    [found.withoutLeader, "without a leader"],
    [found.tooFewInSync, "with too few in sync"],
    [found.underReplicated, "under-replicated"],
    [found.withoutDisk, "with a disk gone"],
    [found.refusing, "with a full disk"],
    [found.moving, "moving"],
  ] as const;
  const told = said.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? "all is well" : told.join(", ");
}

export const statusCommands = [status];
