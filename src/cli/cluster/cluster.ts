// `ottla cluster`: the brokers of a cluster, whoever they are.

import { formatAddress } from "../../base/address.ts";
import { escaped } from "../../base/visible.ts";
import { describeCluster, servedApis } from "../../client/mod.ts";
import { command, jsonOption } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { carryCommands } from "./carry.ts";
import { metadataCommands } from "./metadata.ts";
import { leavingCommands } from "./drain.ts";
import { electionCommands } from "./elect.ts";
import { nodeCommands } from "./nodes.ts";
import { quorum } from "./quorum.ts";
import { statusCommands } from "./status.ts";
import { exitCode } from "../context.ts";
import { renderJson, renderTable } from "../table.ts";

const describe = command({
  name: "cluster describe",
  operands: [],
  about: "show the brokers, and which of them is the controller",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["cluster describe", "who is there, and where"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const cluster = await describeCluster(client);
      if (options.json) {
        context.out(renderJson(cluster));
        return exitCode.ok;
      }
      context.out(`${escaped(`Cluster ${cluster.clusterId}`)}\n\n`);
      const rows = cluster.brokers.map(({ id, host, port, rack }) => [
        id,
        formatAddress({ host, port }),
        rack ?? undefined,
        id === cluster.controller ? "yes" : undefined,
      ]);
      context.out(renderTable(["broker", "address", "rack", "controller"], rows));
      return exitCode.ok;
    }),
});

const versions = command({
  name: "cluster versions",
  operands: [],
  about: "show which APIs each broker serves, in which versions",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["cluster versions", "a column for each broker"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const served = await servedApis(client);
      if (options.json) {
        context.out(renderJson(served));
        return exitCode.ok;
      }
      const names = new Map<number, string>();
      for (const { key, name } of served.flatMap(({ apis }) => apis)) names.set(key, name);
      const rows = [...names].sort(([a], [b]) => a - b).map(([key, name]) => [
        key,
        name,
        ...served.map(({ apis }) => {
          const found = apis.find((each) => each.key === key);
          return found && `${found.min}-${found.max}`;
        }),
      ]);
      const header = ["key", "api", ...served.map(({ broker }) => `broker ${broker}`)];
      context.out(renderTable(header, rows));
      return exitCode.ok;
    }),
});

export const commands = [
  describe,
  versions,
  quorum,
  ...nodeCommands,
  ...leavingCommands,
  ...electionCommands,
  ...metadataCommands,
  ...statusCommands,
  ...carryCommands,
];
