// `ottla cluster elect`: who leads, where an operator wants it to be somebody else, by Kafka's own
// request: it works against any Kafka from 2.4 on.
//
//   preferred    the first replica leads, where it is in sync: nothing is lost, clients follow
//   --unclean    a partition that nobody leads is led by a replica that may lack records
//
// Invariant: what may lose records is named partition by partition, and confirmed.

import { UsageFault } from "../../base/faults.ts";
import { type Client, describeTopic, listTopics, loadNodeAdmin } from "../../client/mod.ts";
import { ArgumentFault, command, jsonOption, wholeNumber } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { noPartition, onUnknownTopic } from "../failures.ts";
import { renderJson, renderTable } from "../table.ts";

/** Partitions that a warning names. */
const namedMax = 10;

const elect = command({
  name: "cluster elect",
  operands: ["[TOPIC]", "[PARTITION]"],
  about: "have preferred replicas lead again, or anybody at all",
  options: {
    unclean: { kind: "flag", about: "where nobody leads, one leads that may lack records" },
    yes: { kind: "flag", short: "y", about: "records may be lost for good: --unclean needs it" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["cluster elect", "all preferred leaders, as after brokers were restarted"],
    ["cluster elect orders 0", "that of one partition"],
    ["cluster elect orders 0 --unclean --yes", "its replicas in sync are gone for good"],
  ],
  run: (context, { operands: [topic, index], options }) => {
    if (options.yes && !options.unclean) {
      throw new ArgumentFault("--yes goes with --unclean");
    }
    const partition = index === undefined ? undefined : wholeNumber(index, "PARTITION");
    return withClient(context, options, async (client) => {
      const { electLeaders } = await loadNodeAdmin();
      const wanted = await wantedOf(client, { topic, partition });
      const leaderless = wanted.filter(({ leader }) => leader < 0);
      if (options.unclean && !options.yes) {
        throw new UsageFault(
          leaderless.length === 0
            ? "every one of these partitions has a leader: there is nothing to elect uncleanly"
            : `${named(leaderless)} would be led by a replica that may lack acknowledged ` +
              "records, which are lost then. Start a broker that was in sync instead, or add --yes",
        );
      }
      const asked = options.unclean ? leaderless : wanted;
      const type = options.unclean ? "unclean" : "preferred";
      const results = asked.length === 0 ? [] : await electLeaders(client, type, asked);
      const failed = results.filter(({ outcome }) => outcome === "refused");
      if (options.json) context.out(renderJson(results));
      else {
        const elected = results.filter(({ outcome }) => outcome === "elected").length;
        context.note(`${elected} of ${asked.length} partitions have another leader.`);
        const rows = failed.map((each) => [each.topic, each.partition, each.reason]);
        if (rows.length > 0) context.out(renderTable(["topic", "partition", "why not"], rows));
      }
      return failed.length === 0 ? exitCode.ok : exitCode.failed;
    });
  },
});

interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
}

/** The partitions that are meant: one, those of a topic, or all. */
async function wantedOf(
  client: Client,
  { topic, partition }: { readonly topic?: string; readonly partition?: number },
): Promise<Wanted[]> {
  const topics = topic === undefined
    ? await listTopics(client)
    : [await describeTopic(client, topic).catch((error) => onUnknownTopic(error, topic))];
  const all = topics.flatMap(({ name, partitions }) =>
    partitions.map((each): Wanted => (
      { topic: name, partition: each.partition, leader: each.leader }
    ))
  );
  if (topic === undefined || partition === undefined) return all;
  const found = all.find((each) => each.partition === partition);
  if (found === undefined) throw noPartition(topic, { partition, count: all.length });
  return [found];
}

function named(partitions: readonly Wanted[]): string {
  const shown = partitions.slice(0, namedMax).map((each) => `${each.topic}-${each.partition}`);
  const more = partitions.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export const electionCommands = [elect];
