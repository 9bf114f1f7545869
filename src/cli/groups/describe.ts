// `ottla groups describe`: a group, whichever its kind, by what it reads or by who is in it.
//
//   (default)     a line for each partition: how far the group is, who reads it
//   --members     a line for each member: what it reads, those with nothing among them
//   --export      what it has committed, as `groups reset --file` takes it
//
// Of a share group a partition has any number of readers: they are counted there, and named by
// --members.

import type { Int64 } from "../../base/int64.ts";
import { saturated } from "../../base/int64.ts";
import { escaped, escapedLines } from "../../base/visible.ts";
import {
  type Client,
  committedOffsets,
  type DescribedGroup,
  type DescribedMember,
  describeGroup,
  listOffsets,
  shareGroupOffsets,
  type TopicPartition,
} from "../../client/mod.ts";
import { command, jsonOption } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { onUnknownGroup } from "../failures.ts";
import { renderJson, renderTable } from "../table.ts";

export const describe = command({
  name: "groups describe",
  operands: ["GROUP"],
  about: "show who reads what, how far, and how far behind",
  options: {
    members: { kind: "flag", about: "show its members, one by one, and what each reads" },
    export: { kind: "flag", about: "print what it has committed, as groups reset --file reads it" },
    ...jsonOption,
    ...brokerOptions,
  },
  operandOptions: ["group"],
  examples: [
    ["groups describe billing", "committed offsets and lag, and who reads"],
    ["groups describe billing --members", "who is in it, those with nothing to read among them"],
    ["groups describe billing --export > billing.csv", "where it is now, to come back to"],
  ],
  run: (context, { operands: [groupId], options }) =>
    withClient(context, options, async (client) => {
      const group = await describeGroup(client, groupId).catch((error) =>
        onUnknownGroup(error, groupId)
      );
      const partitions = await progressOf(client, group);
      if (options.export) context.out(escapedLines(offsetLines(partitions)));
      else if (options.json) {
        context.out(renderJson({ ...group, partitions: partitionsInJson(partitions) }));
      } else {
        const table = options.members ? memberTable(group) : partitionTable(group, partitions);
        context.out(escapedLines(`${headline(group)}\n${idlers(group)}${table && `\n${table}`}`));
      }
      return exitCode.ok;
    }),
});

function headline({ groupId, members, state, protocol, epoch, type }: DescribedGroup): string {
  const count = counted(members.length, "member");
  const at = epoch === undefined ? "" : `, epoch ${epoch} of the ${type} protocol`;
  return escaped(`Group ${groupId}: ${state}, ${count}${protocol && `, ${protocol}`}${at}`);
}

/** Of groups that read topics it is known what their members have. */
const readingTypes: ReadonlySet<string> = new Set(["consumer", "share", "streams"]);

/** A line about members that no partition was left for. */
function idlers({ members, state, protocolType }: DescribedGroup): string {
  const count = members.filter(({ partitions }) => partitions.length === 0).length;
  if (count === 0 || state !== "Stable" || !readingTypes.has(protocolType)) return "";
  return `${count} of them ${count === 1 ? "has" : "have"} nothing to read.\n`;
}

/** How far the group is in each partition. */
function partitionTable({ type }: DescribedGroup, partitions: readonly Progress[]): string {
  const isShared = type === "share";
  const reached = isShared ? "start" : "committed";
  const who = isShared ? ["readers"] : ["member", "host"];
  const rows = partitions.map(({ topic, partition, committed, end, lag, readers }) => [
    topic,
    partition,
    committed,
    end,
    lag,
    ...isShared ? [readers.length] : [readers[0]?.memberId, readers[0] && hostOf(readers[0])],
  ]);
  return renderTable(["topic", "partition", reached, "end", "lag", ...who], rows);
}

/** Who is in it; empty where nobody is. */
function memberTable({ members }: DescribedGroup): string {
  if (members.length === 0) return "";
  const hasStatic = members.some(({ groupInstanceId }) => groupInstanceId !== null);
  const instance = (text: string | undefined) => hasStatic ? [text] : [];
  const rows = members.map((member) => [
    member.memberId,
    ...instance(member.groupInstanceId ?? undefined),
    member.clientId,
    hostOf(member),
    rangesOf(member.partitions) || undefined,
  ]);
  const header = ["member", ...instance("instance"), "client", "host", "reads"];
  return renderTable(header.filter((each) => each !== undefined), rows);
}

/** Such as `orders 0-3+7, payments 1`. */
function rangesOf(partitions: readonly TopicPartition[]): string {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return [...byTopic].map(([topic, those]) => {
    const ranges: { first: number; last: number }[] = [];
    for (const { partition } of those.toSorted((a, b) => a.partition - b.partition)) {
      const range = ranges.at(-1);
      if (range?.last === partition - 1) range.last = partition;
      else ranges.push({ first: partition, last: partition });
    }
    const texts = ranges.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`);
    return `${topic} ${texts.join("+")}`;
  }).join(", ");
}

/** Brokers put a slash in front of an address, as Java prints it. */
function hostOf({ clientHost }: Pick<DescribedMember, "clientHost">): string {
  return clientHost.replace(/^\//, "");
}

/** A partition, with how far its group is, and who reads it. */
export interface Progress extends TopicPartition {
  /** The next offset to read; of a share group, from where on it may not be done. */
  readonly committed?: Int64 | undefined;
  readonly end: number | undefined;
  readonly lag: Int64 | undefined;
  readonly readers: readonly DescribedMember[];
}

/** `TOPIC,PARTITION,OFFSET` of each partition that was committed, as Kafka's tools write it. */
function offsetLines(partitions: readonly Progress[]): string {
  const lines = partitions.flatMap(({ topic, partition, committed }) =>
    committed === undefined ? [] : [`${topic},${partition},${committed}\n`]
  );
  return lines.join("");
}

/** As programs read it. */
function partitionsInJson(partitions: readonly Progress[]): unknown[] {
  return partitions.map(({ readers, ...partition }) => {
    const all = (texts: readonly string[]) => texts.length === 0 ? undefined : texts.join(",");
    return {
      ...partition,
      memberId: all(readers.map(({ memberId }) => memberId)),
      host: all([...new Set(readers.map(({ clientHost }) => clientHost))]),
    };
  });
}

/** Every partition that a group has to do with. */
export async function progressOf(client: Client, group: DescribedGroup): Promise<Progress[]> {
  const readers = Map.groupBy(
    group.members.flatMap((member) => member.partitions.map((at) => ({ at, member }))),
    ({ at }) => nameOf(at),
  );
  const reached = await (group.type === "share" ? startedOf : committedOf)(client, group);
  return reached.map((each) => ({
    ...each,
    readers: readers.get(nameOf(each))?.map(({ member }) => member) ?? [],
  }));
}

/** Every partition that a share group reads. */
async function startedOf(client: Client, { groupId }: DescribedGroup) {
  const started = await shareGroupOffsets(client, groupId);
  const ends = await listOffsets(client, started, { spec: "latest" });
  return started.map(({ topic, partition, startOffset: committed, lag }, i) => ({
    topic,
    partition,
    committed,
    end: ends[i]?.offset,
    lag,
  }));
}

/** Every partition that the group has committed or holds. */
async function committedOf(client: Client, { groupId, members }: DescribedGroup) {
  const rows = new Map<string, TopicPartition & { committed?: Int64 }>();
  for (const at of members.flatMap(({ partitions }) => partitions)) rows.set(nameOf(at), at);
  for (const each of await committedOffsets(client, groupId, { partitions: null })) {
    const { topic, partition, offset } = each;
    rows.set(nameOf(each), { topic, partition, committed: offset });
  }
  const sorted = [...rows.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
  );
  const { topics } = await client.fetchMetadata([...new Set(sorted.map(({ topic }) => topic))]);
  // Offsets outlive their topic: a partition that is gone has no end.
  const there = sorted.filter((each) =>
    topics.some(({ name, partitions }) => name === each.topic && each.partition < partitions.length)
  );
  const ends = new Map(
    (await listOffsets(client, there, { spec: "latest" }))
      .map((each) => [nameOf(each), each.offset]),
  );
  return sorted.map((each) => {
    const end = ends.get(nameOf(each));
    const { committed } = each;
    const lag = end === undefined || committed === undefined
      ? undefined
      : Math.max(0, end - saturated(committed));
    return { ...each, committed, end, lag };
  });
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
