// `ottla groups`: list, see how far behind, delete; describe.ts shows one, reset.ts
// moves offsets.

import { UsageFault } from "../../base/faults.ts";
import { saturated } from "../../base/int64.ts";
import {
  type Client,
  committedOffsets,
  deleteGroup,
  deleteOffsets,
  describeGroup,
  listGroups,
} from "../../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { eachOf, onUnknownGroup } from "../failures.ts";
import { isGlob, namesOf } from "../globs.ts";
import { describe, progressOf } from "./describe.ts";
import { resetOffsets } from "./reset.ts";
import { renderJson, renderTable } from "../table.ts";

const list = command({
  name: "groups list",
  operands: ["[GROUP...]"],
  about: "list the groups, all or those named",
  options: {
    state: { kind: "list", value: "STATE", about: "only those in this state, such as Empty" },
    type: { kind: "list", value: "TYPE", about: "only classic, consumer, share or streams ones" },
    ...jsonOption,
    ...brokerOptions,
  },
  operandOptions: ["group"],
  examples: [
    ["groups list", "every group with its state"],
    ["groups list 'bill-*' --state empty", "those of them that nobody is in"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const isAsked = (words: readonly string[], word: string) =>
        words.length === 0 || words.some((each) => each.toLowerCase() === word.toLowerCase());
      const all = await listGroups(client);
      const names = operands.length === 0
        ? undefined
        : new Set(namesOf(operands, all.map(({ groupId }) => groupId)));
      const groups = all.filter(({ groupId, state, type }) =>
        (names?.has(groupId) ?? true) && isAsked(options.state, state) &&
        isAsked(options.type, type)
      );
      if (options.json) context.out(renderJson(groups));
      else if (groups.length === 0) {
        context.note(all.length === 0 ? "There are no groups." : "No group is like that.");
      } else {
        const rows = groups.map((
          each,
        ) => [each.groupId, each.state, each.type, each.protocolType || "-"]);
        context.out(renderTable(["group", "state", "type", "protocol"], rows));
      }
      return exitCode.ok;
    }),
});

const remove = command({
  name: "groups delete",
  operands: ["GROUP..."],
  about: "delete groups without members, and what they have committed",
  options: {
    yes: { kind: "flag", short: "y", about: "delete what patterns stand for, not only show it" },
    ...brokerOptions,
  },
  operandOptions: ["group"],
  examples: [
    ["groups delete billing", "forget a group"],
    ["groups delete 'test-*' --yes", "all whose names begin so"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const hasPattern = operands.some(isGlob);
      const known = hasPattern ? (await listGroups(client)).map(({ groupId }) => groupId) : [];
      const groups = namesOf(operands, known);
      if (groups.length === 0) {
        throw new UsageFault(`no group is like ${operands.join(", ")}. See: ottla groups list`);
      }
      if (hasPattern && !options.yes) {
        context.out(renderTable(["group"], groups.map((groupId) => [groupId])));
        context.note("Nothing was deleted. Delete these with --yes.");
        return exitCode.failed;
      }
      return await eachOf(context, groups, async (groupId) => {
        await deleteGroup(client, groupId).catch((error) => onUnknownGroup(error, groupId));
        context.note(`Deleted group ${groupId}.`);
      });
    }),
});

const lag = command({
  name: "groups lag",
  operands: ["[GROUP...]"],
  about: "show how far groups are behind, all or those named",
  options: { ...jsonOption, ...brokerOptions },
  operandOptions: ["group"],
  examples: [
    ["groups lag", "every group, topic by topic"],
    ["groups lag billing --json", "for a program that watches it"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const known = (await listGroups(client)).map(({ groupId }) => groupId);
      const groups = operands.length === 0 ? known : namesOf(operands, known);
      const rows: TopicLag[] = [];
      for (const groupId of groups) rows.push(...await lagOf(client, groupId));
      if (options.json) context.out(renderJson(rows));
      else if (rows.length === 0) context.note("No group has committed anything.");
      else {
        const header = ["group", "topic", "partitions", "lag", "largest lag"];
        context.out(renderTable(header, rows.map((row) => Object.values(row))));
      }
      return exitCode.ok;
    }),
});

/** How far a group is behind in a topic. */
interface TopicLag {
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  readonly lag: number;
  /** That of the partition in which it is furthest behind. */
  readonly most: number;
}

async function lagOf(client: Client, groupId: string): Promise<TopicLag[]> {
  const group = await describeGroup(client, groupId).catch((error) =>
    onUnknownGroup(error, groupId)
  );
  const lags = (await progressOf(client, group)).flatMap(({ topic, lag }) =>
    lag === undefined ? [] : [{ topic, lag: saturated(lag) }]
  );
  return [...Map.groupBy(lags, ({ topic }) => topic)].map(([topic, of]) => ({
    group: groupId,
    topic,
    partitions: of.length,
    lag: of.reduce((sum, { lag }) => sum + lag, 0),
    most: of.reduce((most, { lag }) => Math.max(most, lag), 0),
  }));
}

const removeOffsets = command({
  name: "groups delete-offsets",
  operands: ["GROUP"],
  about: "forget what a group has committed in topics",
  options: {
    topic: { kind: "list", value: "TOPIC", short: "t", about: "the topic to forget" },
    partition: { kind: "number", value: "N", short: "p", about: "one partition; default all" },
    ...brokerOptions,
  },
  operandOptions: ["group"],
  examples: [["groups delete-offsets billing --topic orders", "as if it had never read orders"]],
  run: (context, { operands: [groupId], options }) => {
    const { topic: topics, partition } = options;
    if (topics.length === 0) {
      throw new ArgumentFault("say which: --topic TOPIC");
    }
    return withClient(context, options, async (client) => {
      const committed = await committedOffsets(client, groupId, { partitions: null });
      const chosen = committed.filter((each) =>
        topics.includes(each.topic) && (partition ?? each.partition) === each.partition
      );
      if (chosen.length === 0) {
        throw new UsageFault(`group ${groupId} has committed nothing in ${topics.join(", ")}`);
      }
      await deleteOffsets(client, groupId, chosen)
        .catch((error) => onUnknownGroup(error, groupId));
      const count = counted(chosen.length, "offset");
      context.note(`Deleted ${count} of group ${groupId}.`);
      return exitCode.ok;
    });
  },
});

export const commands = [list, describe, lag, resetOffsets, remove, removeOffsets];
