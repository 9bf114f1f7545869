// `ottla groups`: list, describe, delete, move offsets.

import { UsageFault } from "../base/faults.ts";
import { type Int64, saturated } from "../base/int64.ts";
import { escaped } from "../base/visible.ts";
import {
  alterShareGroupOffsets,
  type Client,
  commitOffsets,
  committedOffsets,
  deleteGroup,
  type DescribedGroup,
  describeGroup,
  listGroups,
  listOffsets,
  shareGroupOffsets,
  type TopicPartition,
} from "../client/mod.ts";
import { ArgumentFault, command, jsonOption, seeHelp } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { eachOf, isKafkaError, onUnknownTopic } from "./failures.ts";
import { offsetsAt, placeOf, placeWords } from "./places.ts";
import { renderJson, renderTable } from "./table.ts";

const list = command({
  name: "groups list",
  operands: [],
  about: "list the groups",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["groups list", "every group with its state"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const groups = await listGroups(client);
      if (options.json) context.out(renderJson(groups));
      else if (groups.length === 0) context.note("There are no groups.");
      else {
        const rows = groups.map((
          each,
        ) => [each.groupId, each.state, each.type, each.protocolType || "-"]);
        context.out(renderTable(["group", "state", "type", "protocol"], rows));
      }
      return exitCode.ok;
    }),
});

const describe = command({
  name: "groups describe",
  operands: ["GROUP"],
  about: "show who reads what, how far, and how far behind",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["groups describe billing", "members, committed offsets and lag"]],
  run: (context, { operands: [groupId], options }) =>
    withClient(context, options, async (client) => {
      const group = await describeGroup(client, groupId).catch((error) =>
        onUnknownGroup(error, groupId)
      );
      const isShared = group.type === "share";
      const partitions = await (isShared ? sharedProgressOf : progressOf)(client, group);
      if (options.json) {
        context.out(renderJson({ ...group, partitions }));
        return exitCode.ok;
      }
      const { members, state, protocol, epoch, type } = group;
      const count = `${members.length} ${members.length === 1 ? "member" : "members"}`;
      const at = epoch === undefined ? "" : `, epoch ${epoch} of the ${type} protocol`;
      const line = `Group ${groupId}: ${state}, ${count}${protocol && `, ${protocol}`}${at}`;
      context.out(`${escaped(line)}\n\n`);
      const reached = isShared ? "start" : "committed";
      const header = ["topic", "partition", reached, "end", "lag", "member", "host"];
      context.out(renderTable(
        header,
        partitions.map((each) => [
          each.topic,
          each.partition,
          each.committed,
          each.end,
          each.lag,
          each.memberId,
          each.host,
        ]),
      ));
      return exitCode.ok;
    }),
});

/** A partition, with how far its group is. */
interface Progress extends TopicPartition {
  /** The next offset to read; of a share group, from where on it may not be done. */
  readonly committed?: Int64 | undefined;
  readonly end: number | undefined;
  readonly lag: Int64 | undefined;
  readonly memberId?: string | undefined;
  readonly host?: string | undefined;
}

/** Every partition that a share group reads, with all who do. */
async function sharedProgressOf(client: Client, group: DescribedGroup): Promise<Progress[]> {
  const started = await shareGroupOffsets(client, group.groupId);
  const ends = await listOffsets(client, started, { spec: "latest" });
  return started.map(({ topic, partition, startOffset: committed, lag }, i) => {
    const readers = group.members.filter(({ partitions }) =>
      partitions.some((each) => each.topic === topic && each.partition === partition)
    );
    const all = (texts: readonly string[]) => texts.length === 0 ? undefined : texts.join(",");
    return {
      topic,
      partition,
      committed,
      end: ends[i]?.offset,
      lag,
      memberId: all(readers.map(({ memberId }) => memberId)),
      host: all([...new Set(readers.map(({ clientHost }) => clientHost))]),
    };
  });
}

/** Every partition that the group has committed or holds, with how far it is. */
async function progressOf(client: Client, group: DescribedGroup): Promise<Progress[]> {
  const committed = await committedOffsets(client, group.groupId, { partitions: null });
  const rows = new Map<string, TopicPartition & { committed?: Int64; memberId?: string }>();
  const hosts = new Map(group.members.map((each) => [each.memberId, each.clientHost]));
  for (const { topic, partition, offset } of committed) {
    rows.set(`${topic}-${partition}`, { topic, partition, committed: offset });
  }
  for (const { memberId, partitions } of group.members) {
    for (const at of partitions) {
      const name = `${at.topic}-${at.partition}`;
      rows.set(name, { ...at, ...rows.get(name), memberId });
    }
  }
  const sorted = [...rows.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
  );
  const { topics } = await client.fetchMetadata([...new Set(sorted.map((each) => each.topic))]);
  // Offsets outlive their topic: a partition that is gone has no end.
  const there = sorted.filter((each) =>
    topics.some(({ name, partitions }) => name === each.topic && each.partition < partitions.length)
  );
  const ends = new Map(
    (await listOffsets(client, there, { spec: "latest" }))
      .map((each) => [`${each.topic}-${each.partition}`, each.offset]),
  );
  return sorted.map((each) => {
    const end = ends.get(`${each.topic}-${each.partition}`);
    const lag = end === undefined || each.committed === undefined
      ? undefined
      : Math.max(0, end - saturated(each.committed));
    const host = each.memberId === undefined ? undefined : hosts.get(each.memberId);
    return { ...each, end, lag, host };
  });
}

const remove = command({
  name: "groups delete",
  operands: ["GROUP..."],
  about: "delete groups without members, and what they have committed",
  options: { ...brokerOptions },
  examples: [["groups delete billing", "forget a group"]],
  run: (context, { operands, options }) =>
    withClient(context, options, (client) =>
      eachOf(context, operands, async (groupId) => {
        await deleteGroup(client, groupId).catch((error) => onUnknownGroup(error, groupId));
        context.note(`Deleted group ${groupId}.`);
      })),
});

const resetOffsets = command({
  name: "groups reset-offsets",
  operands: ["GROUP"],
  about: "let a group without members go on elsewhere",
  options: {
    topic: { kind: "text", value: "TOPIC", about: "the topic to go on in" },
    partition: { kind: "number", value: "N", about: "one partition of it; default all" },
    to: {
      kind: "text",
      value: "PLACE",
      about: placeWords,
    },
    "dry-run": { kind: "flag", about: "show what would be committed" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["groups reset-offsets billing --topic orders --to earliest", "read all again"],
    [
      "groups reset-offsets billing --topic orders --to 2026-01-31T08:00:00Z --dry-run",
      "where would that be?",
    ],
  ],
  run: (context, { operands: [groupId], options }) => {
    const { topic, to } = options;
    const name = "groups reset-offsets";
    if (topic === undefined) throw new ArgumentFault(`say where: --topic TOPIC\n${seeHelp(name)}`);
    const place = to === undefined ? undefined : placeOf(to, context.runtime.clock.now());
    if (place === undefined) {
      throw new ArgumentFault(
        `--to takes ${placeWords}, ` +
          `${to === undefined ? "and is missing" : `not "${to}"`}\n${seeHelp(name)}`,
      );
    }
    return withClient(context, options, async (client) => {
      const group = await groupWithoutMembers(client, groupId);
      if (group === undefined) {
        context.note(
          `There is no group ${groupId} yet: it ${
            options["dry-run"] ? "would begin" : "begins"
          } with these offsets.`,
        );
      }
      const { partitions } = await client.topic(topic)
        .catch((error) => onUnknownTopic(error, topic));
      const chosen = partitions
        .filter((each) => options.partition === undefined || each.partition === options.partition)
        .map(({ partition }) => ({ topic, partition }));
      if (chosen.length === 0) {
        throw new UsageFault(
          `topic ${topic} has no partition ${options.partition}, only 0 to ${
            partitions.length - 1
          }`,
        );
      }
      const offsets = await offsetsAt(context, { client, partitions: chosen, place });
      const move = group?.type === "share" ? alterShareGroupOffsets : commitOffsets;
      if (!options["dry-run"]) await move(client, groupId, { offsets });
      if (options.json) context.out(renderJson(offsets));
      else {
        const rows = offsets.map((each) => [each.topic, each.partition, each.offset]);
        context.out(renderTable(["topic", "partition", "offset"], rows));
      }
      if (options["dry-run"]) context.note("Nothing was changed (--dry-run).");
      return exitCode.ok;
    });
  },
});

export const commands = [list, describe, remove, resetOffsets];

/** Undefined for one that is not there yet: it may well be given offsets to begin with. */
async function groupWithoutMembers(
  client: Client,
  groupId: string,
): Promise<DescribedGroup | undefined> {
  const group = await describeGroup(client, groupId).catch((error) => {
    if (!isKafkaError(error, "GROUP_ID_NOT_FOUND")) throw error;
  });
  const members = group?.members.length ?? 0;
  if (members > 0) {
    throw new UsageFault(
      `group ${groupId} has ${members} ${
        members === 1 ? "member" : "members"
      }, which would go on ` +
        "from where they are: stop them first",
    );
  }
  return group ?? undefined;
}

function onUnknownGroup(error: unknown, groupId: string): never {
  if (isKafkaError(error, "GROUP_ID_NOT_FOUND")) {
    throw new UsageFault(`there is no group ${groupId}. See: ottla groups list`);
  }
  throw error;
}
