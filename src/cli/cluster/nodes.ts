// `ottla cluster nodes|move`: which broker has what, and replicas that are sent elsewhere, by
// Kafka's own requests: they work against any Kafka.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import { formatAddress } from "../../base/address.ts";
import { describeTopic, listTopics, loadNodeAdmin } from "../../client/mod.ts";
import { ArgumentFault, command, jsonOption, wholeNumber } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { noPartition, onUnknownTopic } from "../failures.ts";
import { renderJson, renderTable } from "../table.ts";
import { beginMoves, rateIn, throttleOption, unthrottle } from "./throttle.ts";

const nodes = command({
  name: "cluster nodes",
  operands: [],
  about: "show the brokers, those that are away too, and their load",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["cluster nodes", "who serves, and who has how many replicas"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { describeNodes } = await loadNodeAdmin();
      const found = await describeNodes(client, await listTopics(client));
      if (options.json) {
        context.out(renderJson(found));
        return exitCode.ok;
      }
      const rows = found.map(({ id, place, rack, state, leads, replicas, inSync }) => [
        id,
        place && formatAddress(place),
        rack ?? undefined,
        state,
        leads,
        replicas,
        inSync,
      ]);
      const header = ["broker", "address", "rack", "state", "leads", "replicas", "in sync"];
      context.out(renderTable(header, rows));
      return exitCode.ok;
    }),
});

const move = command({
  name: "cluster move",
  operands: ["TOPIC", "PARTITION"],
  about: "move a partition to other brokers, and wait for it",
  options: {
    to: { kind: "text", value: "IDS", about: "the brokers that are to have it; the first leads" },
    cancel: { kind: "flag", about: "end a move that is under way: back to where it was" },
    detach: { kind: "flag", about: "do not wait until it is done" },
    ...throttleOption,
    ...brokerOptions,
  },
  examples: [
    ["cluster move orders 0 --to 1,2,3", "copies what is missing, then drops what is too much"],
    ["cluster move orders 0 --to 4 --throttle 50MB", "leaves room for clients"],
    ["cluster move orders 0 --cancel", "the brokers that had it keep it"],
  ],
  run: (context, { operands: [topic, index], options }) => {
    const { to, cancel, detach } = options;
    if ((to === undefined) !== cancel) {
      throw new ArgumentFault("cluster move takes --to IDS, or --cancel");
    }
    if (cancel && options.throttle !== undefined) {
      throw new ArgumentFault("--throttle goes with --to");
    }
    const replicas = to === undefined ? null : brokersIn(to);
    const rate = options.throttle === undefined ? undefined : rateIn(options.throttle);
    const partition = wholeNumber(index, "PARTITION");
    return withClient(context, options, async (client) => {
      const { partitions } = await describeTopic(client, topic)
        .catch((error) => onUnknownTopic(error, topic));
      const before = partitions.find((each) => each.partition === partition);
      if (before === undefined) throw noPartition(topic, { partition, count: partitions.length });
      const { movePartitions, untilMoved } = await loadNodeAdmin();
      const name = `${topic}-${partition}`;
      if (replicas === null) {
        await movePartitions(client, [{ topic, partition, replicas }]);
        await unthrottle(client, [{ topic, partition }]);
        context.note(`${name} moves no more.`);
        return exitCode.ok;
      }
      const moved = [{ topic, partition, replicas }];
      await beginMoves(client, moved, { rate, from: () => before.replicas });
      if (detach) {
        context.note(`${name} is on its way to ${replicas.join(",")}.`);
        if (rate !== undefined) {
          context.note("Once it is there, the same command without --detach ends its throttle.");
        }
        return exitCode.ok;
      }
      context.note(`Moving ${name} from ${before.replicas.join(",")} to ${replicas.join(",")}.`);
      await untilMoved(client, moved);
      await unthrottle(client, moved);
      context.note(`${name} is on ${replicas.join(",")}.`);
      return exitCode.ok;
    });
  },
});

/** The ids in `1,2,3`. */
function brokersIn(text: string): BrokerId[] {
  const ids = text.split(",").map((word) => wholeNumber(word.trim(), "each of --to"));
  const twice = ids.find((id, i) => ids.indexOf(id) < i);
  if (twice !== undefined) throw new UsageFault(`--to ${text} names broker ${twice} twice`);
  return ids;
}

export const nodeCommands = [nodes, move];
