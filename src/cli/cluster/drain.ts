// `ottla cluster drain|remove`: how a broker leaves a cluster for good.
//
//   serves --drain: others copy all it has--> empty --stopped--> fenced --remove--> forgotten
//
// Invariant: nothing is forgotten that a partition names, so no replica is lost by it. A drain that
// is interrupted goes on when it is asked for again.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import { type Client, listTopics, loadNodeAdmin } from "../../client/mod.ts";
import { command, jsonOption, wholeNumber } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { drainPlan, type PlannedMove } from "./drain_plan.ts";
import { renderJson, renderTable } from "../table.ts";
import { beginMoves, rateIn, throttleOption, unthrottle } from "./throttle.ts";

/** So many partitions move at a time: what is copied at once is a load on the brokers. */
const atOnceMax = 50;

const drain = command({
  name: "cluster drain",
  operands: ["BROKER"],
  about: "move all that a broker has to others, and wait for it",
  options: {
    "dry-run": { kind: "flag", about: "only show what would go where" },
    ...throttleOption,
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["cluster drain 3", "before broker 3 is switched off for good"],
    ["cluster drain 3 --dry-run", "see first where that would be"],
    ["cluster drain 3 --throttle 50MB", "leaves room for clients"],
  ],
  run: (context, { operands: [word], options }) => {
    const id = wholeNumber(word, "BROKER");
    const rate = options.throttle === undefined ? undefined : rateIn(options.throttle);
    return withClient(context, options, async (client) => {
      const { untilMoved } = await loadNodeAdmin();
      const plan = await planOf(client, id);
      if (options["dry-run"]) {
        const rows = plan.map((each) => Object.values(rowOf(each)));
        if (options.json) context.out(renderJson(plan.map(rowOf)));
        else context.out(renderTable(["topic", "partition", "from", "to"], rows));
        return exitCode.ok;
      }
      for (let left = plan; left.length > 0; left = await planOf(client, id)) {
        const partitions = counted(left.length, "partition");
        context.note(`${partitions} of broker ${id} to move.`);
        const batch = left.slice(0, atOnceMax);
        await beginMoves(client, batch, { rate, from: (move) => move.from });
        await untilMoved(client, batch);
        await unthrottle(client, batch);
      }
      context.note(`Broker ${id} has no replicas. New topics may be placed on it while it runs.`);
      return exitCode.ok;
    });
  },
});

const rowOf = ({ topic, partition, from, replicas }: PlannedMove) => (
  { topic, partition, from: from.join(","), to: replicas.join(",") }
);

async function planOf(client: Client, id: BrokerId): Promise<PlannedMove[]> {
  const { describeNodes, listMoving } = await loadNodeAdmin();
  return await client.retrying(async () => {
    const moving = await listMoving(client);
    const topics = await listTopics(client);
    const nodes = await describeNodes(client, topics);
    if (!nodes.some((node) => node.id === id)) {
      const ids = nodes.map((node) => node.id).join(", ");
      throw new UsageFault(`there is no broker ${id}, only ${ids}`);
    }
    return drainPlan(id, { nodes, topics, moving });
  });
}

const remove = command({
  name: "cluster remove",
  operands: ["BROKER"],
  about: "forget a broker that has nothing and does not run any more",
  options: brokerOptions,
  examples: [["cluster remove 3", "once it is drained and stopped"]],
  run: (context, { operands: [word], options }) => {
    const id = wholeNumber(word, "BROKER");
    return withClient(context, options, async (client) => {
      const { describeNodes, unregisterBroker } = await loadNodeAdmin();
      const found = (await describeNodes(client, await listTopics(client)))
        .find((node) => node.id === id);
      if (found !== undefined && found.replicas > 0) {
        throw new UsageFault(
          `broker ${id} is to have ${found.replicas} replicas: first ottla cluster drain ${id}`,
        );
      }
      if (found?.state === "serves") {
        throw new UsageFault(`broker ${id} runs: stop it before it is removed`);
      }
      await unregisterBroker(client, id);
      context.note(`Broker ${id} is forgotten.`);
      return exitCode.ok;
    });
  },
});

export const leavingCommands = [drain, remove];
