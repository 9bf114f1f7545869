// `ottla groups reset`: a group without members goes on elsewhere.
//
//   --topic A [--partition N] | --all-topics  --to PLACE | --shift N   ──┐
//   --file FILE: a line for each partition, topic,partition,offset      ─┴─> offsets --> committed
//
// The file is what Kafka's own tool exports and takes.

import { UsageFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { parseInt64, saturated } from "../../base/int64.ts";
import {
  alterShareGroupOffsets,
  type Client,
  commitOffsets,
  committedOffsets,
  type DescribedGroup,
  describeGroup,
  listRanges,
  shareGroupOffsets,
  type TopicPartition,
} from "../../client/mod.ts";
import { ArgumentFault, command, jsonOption, type Values } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { type CliContext, exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { isKafkaError } from "../failures.ts";
import { partitionsOf } from "../named_topics.ts";
import { offsetsAt, type Place, placeOf, placeWords } from "../records/places.ts";
import { renderJson, renderTable } from "../table.ts";
import { readTextFile } from "../text_file.ts";

const name = "groups reset";

const options = {
  topic: { kind: "list", value: "TOPIC", short: "t", about: "a topic to go on in" },
  "all-topics": { kind: "flag", about: "every topic that the group has committed" },
  partition: { kind: "number", value: "N", short: "p", about: "one partition; default all" },
  to: {
    kind: "text",
    value: "PLACE",
    also: ["to-offset", "to-datetime"],
    about: placeWords,
  },
  shift: {
    kind: "text",
    value: "N",
    also: ["shift-by"],
    about: "so many records on from where it is, or back: -N",
  },
  file: {
    kind: "text",
    value: "FILE",
    also: ["from-file"],
    about: "lines of topic,partition,offset",
  },
  "dry-run": { kind: "flag", about: "show what would be committed" },
  ...jsonOption,
  ...brokerOptions,
} as const;

/** Where a partition is to go on. */
interface Move extends TopicPartition {
  readonly offset: Offset;
}

/** Which partitions, and how to find their offsets. */
type Plan =
  | { readonly type: "file"; readonly moves: readonly Move[] }
  | { readonly type: "place"; readonly place: Place }
  | { readonly type: "shift"; readonly by: number };

export const resetOffsets = command({
  name,
  also: ["reset-offsets"],
  operands: ["GROUP"],
  about: "let a group without members go on elsewhere",
  options,
  operandOptions: ["group"],
  examples: [
    ["groups reset billing --topic orders --to earliest", "read all again"],
    ["groups reset billing --all-topics --to '2h ago' --dry-run", "where would that be?"],
    ["groups reset billing --topic orders --partition 3 --shift -10", "the last ten again"],
  ],
  run: (context, { operands: [groupId], options }) => {
    const plan = planOf(context, options);
    return withClient(context, options, async (client) => {
      const group = await groupWithoutMembers(client, groupId);
      const isDry = options["dry-run"];
      if (group === undefined) {
        const begins = isDry ? "would begin" : "begins";
        context.note(`There is no group ${groupId} yet: it ${begins} with these offsets.`);
      }
      const moves = await movesOf(context, { client, group, groupId, plan, options });
      const move = group?.type === "share" ? alterShareGroupOffsets : commitOffsets;
      if (!isDry) await move(client, groupId, { offsets: moves });
      if (options.json) context.out(renderJson(moves));
      else {
        const rows = moves.map((each) => [each.topic, each.partition, each.offset]);
        context.out(renderTable(["topic", "partition", "offset"], rows));
      }
      if (isDry) context.note("Nothing was changed (--dry-run).");
      return exitCode.ok;
    });
  },
});

/** What the options ask for. Throws ArgumentFault where that is not one thing. */
function planOf(context: CliContext, given: Values<typeof options>): Plan {
  const { topic, to, shift, file, partition } = given;
  const isSomeTopics = topic.length > 0 || given["all-topics"];
  if (file !== undefined) {
    if (isSomeTopics || (to ?? shift ?? partition) !== undefined) {
      throw new ArgumentFault(
        "--file says all of it: drop --topic, --all-topics, --partition, --to, --shift",
      );
    }
    const text = readTextFile(context.runtime.files, { path: file, option: "--file" });
    return { type: "file", moves: movesIn(text, file) };
  }
  if (!isSomeTopics) throw new ArgumentFault("say where: --topic TOPIC, or --all-topics");
  if (topic.length > 0 && given["all-topics"]) {
    throw new ArgumentFault("give --topic or --all-topics");
  }
  if (to !== undefined && shift !== undefined) {
    throw new ArgumentFault("give --to or --shift, not both");
  }
  if (shift !== undefined) {
    const by = /^[+-]?\d+$/.test(shift) ? Number(shift) : NaN;
    if (!Number.isSafeInteger(by)) {
      throw new ArgumentFault(`--shift takes a whole number, not "${shift}"`);
    }
    return { type: "shift", by };
  }
  const place = to === undefined ? undefined : placeOf(to, context.runtime.clock.now());
  if (place !== undefined) return { type: "place", place };
  throw new ArgumentFault(
    `--to takes ${placeWords}, ${to === undefined ? "and is missing" : `not "${to}"`}`,
  );
}

/** The lines of Kafka's own export: `topic,partition,offset`. */
function movesIn(text: string, path: string): Move[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  return lines.filter(({ line }) => line.trim() !== "").map(({ line, number }) => {
    const [, topic, partition, offset] = /^"?([^",]+)"?,(\d{1,9}),(\d{1,19})$/.exec(line.trim()) ??
      [];
    const exact = offset === undefined ? undefined : parseInt64(offset);
    if (topic === undefined || exact === undefined) {
      throw new UsageFault(`${path} line ${number} is not topic,partition,offset`);
    }
    return { topic, partition: Number(partition), offset: saturated(exact) };
  });
}

async function movesOf(
  context: CliContext,
  of: {
    readonly client: Client;
    readonly group: DescribedGroup | undefined;
    readonly groupId: string;
    readonly plan: Plan;
    readonly options: Values<typeof options>;
  },
): Promise<readonly Move[]> {
  const { client, group, groupId, plan, options } = of;
  if (plan.type === "file") return await withinLogs(context, client, plan.moves);
  const reached = options["all-topics"] || plan.type === "shift"
    ? await reachedBy(client, groupId, group)
    : [];
  const topics = options["all-topics"]
    ? [...new Set(reached.map(({ topic }) => topic))]
    : options.topic;
  if (topics.length === 0) {
    throw new UsageFault(`group ${groupId} has committed nothing: name a topic with --topic`);
  }
  const partitions: TopicPartition[] = [];
  for (const topic of topics) {
    partitions.push(...await partitionsOf(client, { topic, partition: options.partition }));
  }
  if (plan.type === "place") {
    return await offsetsAt(context, { client, partitions, place: plan.place });
  }
  const byName = new Map(reached.map((each) => [`${each.topic}-${each.partition}`, each.offset]));
  const begun = partitions.filter((each) => byName.has(`${each.topic}-${each.partition}`));
  if (begun.length === 0) {
    throw new UsageFault(`group ${groupId} has committed nothing there: say where with --to`);
  }
  const shifted = begun.map((each) => ({
    ...each,
    offset: (byName.get(`${each.topic}-${each.partition}`) ?? 0) + plan.by,
  }));
  return await withinLogs(context, client, shifted);
}

/** How far the group is. */
async function reachedBy(
  client: Client,
  groupId: string,
  group: DescribedGroup | undefined,
): Promise<Move[]> {
  if (group?.type === "share") {
    return (await shareGroupOffsets(client, groupId)).flatMap((each) =>
      each.startOffset === undefined ? [] : [{ ...each, offset: saturated(each.startOffset) }]
    );
  }
  const committed = await committedOffsets(client, groupId, { partitions: null });
  return committed.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset: saturated(offset),
  }));
}

/** What lies outside of a log goes to its nearer end, which is noted. */
async function withinLogs(
  context: CliContext,
  client: Client,
  moves: readonly Move[],
): Promise<Move[]> {
  return (await listRanges(client, moves)).map(({ topic, partition, offset, first, end }) => {
    const within = Math.min(Math.max(offset, first), end);
    if (within !== offset) {
      context.note(`${topic}-${partition} has the offsets ${first} to ${end}: taking ${within}.`);
    }
    return { topic, partition, offset: within };
  });
}

/** Undefined for one that is not there yet: it may well be given offsets to begin with. */
async function groupWithoutMembers(
  client: Client,
  groupId: string,
): Promise<DescribedGroup | undefined> {
  const group = await describeGroup(client, groupId).catch((error) => {
    if (!isKafkaError(error, "GROUP_ID_NOT_FOUND")) throw error;
  });
  const members = group?.members.length ?? 0;
  if (members === 0) return group ?? undefined;
  throw new UsageFault(
    `group ${groupId} has ${counted(members, "member")}, which would go on ` +
      "from where they are: stop them first",
  );
}
