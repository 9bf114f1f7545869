// Two members of a group that commit and rebalance at full speed while the broker is killed and
// stopped under them: no record is skipped, and who goes on does so at the last commit.
//
// Here a slice of it; `deno task test:commits` goes on for two minutes with each protocol.

import { assert } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { readThroughRestarts } from "../harness/committing_group.ts";
import { targetsHere } from "../harness/targets.ts";

const seconds = Number(Deno.env.get("OTTLA_COMMIT_SECONDS") ?? 0);

for (const target of await targetsHere()) {
  for (const protocol of ["classic", "consumer"] as const) {
    const name = `a ${protocol} group goes on at its last commit after a kill, on ${target}`;
    Deno.test(name, async () => {
      const settings = { "group.consumer.assignment.interval.ms": "0" };
      await using broker = await BrokerProcess.start({ target, settings });
      const tally = await readThroughRestarts(broker, { protocol, seconds, restartsMin: 2 });
      const { accounts, restarts, commits, resumed, readAgain } = tally;
      const records = accounts.reduce((sum, { read }) => sum + read, 0);
      assert(records > 0);
      if (seconds === 0) return;
      console.log(
        `${protocol} on ${target}: ${records} records, ${commits} commits, ${resumed} times a ` +
          `member went on with a partition, ${restarts} restarts, ${readAgain} records read again`,
      );
    });
  }
}
