// `ottla cluster quorum`: who keeps the metadata of a cluster.

import { escaped } from "../../base/visible.ts";
import { loadQuorumAdmin } from "../../client/mod.ts";
import { command, jsonOption } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { exitCode } from "../context.ts";
import { renderJson, renderTable } from "../table.ts";

export const quorum = command({
  name: "cluster quorum",
  operands: [],
  about: "show who keeps the metadata, and who is behind",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["cluster quorum", "the leader, who votes, who follows"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { describeQuorum } = await loadQuorumAdmin();
      const found = await describeQuorum(client);
      if (options.json) {
        context.out(renderJson(found));
        return exitCode.ok;
      }
      const { leader, leaderEpoch, highWatermark, nodes } = found;
      const who = leader < 0 ? "Nobody leads" : `Node ${leader} leads`;
      const line = `${who} since epoch ${leaderEpoch}, high watermark ${highWatermark}`;
      context.out(`${escaped(line)}\n\n`);
      const rows = nodes.map(({ id, role, logEndOffset, lag, caughtUpMs }) => [
        id,
        role,
        logEndOffset,
        lag,
        caughtUpMs === undefined ? undefined : new Date(caughtUpMs).toISOString(),
      ]);
      context.out(renderTable(["node", "role", "end", "lag", "caught up"], rows));
      return exitCode.ok;
    }),
});
