// `deno task test:crash`: the crash tests in full, with a seed that brings a failure back.
//
//   deno task test:crash [--points 20000] [--kills 300] [--seed N] [--trace]
//
// A tenth of the points are crashes of a whole broker with clients, a tenth of a log with
// transactions, the rest of a log alone. With --seed one history of each runs, and --trace prints
// every change of a file on the way.

import { crashBroker } from "./broker_crashes.ts";
import { crashLog } from "./log_crashes.ts";
import { killBroker } from "./process_kills.ts";
import { crashTransactions } from "./transaction_crashes.ts";
import { killTransactions } from "./transaction_kills.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

const flags = taskFlags(Deno.args, {
  string: ["points", "kills", "seed"],
  boolean: ["trace"],
  default: { points: "20000", kills: "300" },
});
const points = Number(flags.points);
const isChosen = flags.seed !== undefined;
const first = isChosen ? Number(flags.seed) : Math.floor(Math.random() * 1e9);
const trace = flags.trace ? (line: string) => console.log(line) : undefined;
console.log(`seeds from ${first}`);

const histories = [
  { name: "log", share: 0.8, run: crashLog },
  { name: "transactions of a log", share: 0.1, run: crashTransactions },
  { name: "broker", share: 0.1, run: crashBroker },
] as const;

for (const { name, share, run } of histories) {
  const counts = { crashes: 0, cutRecords: 0 };
  const startedMs = performance.now();
  for (let seed = first; counts.crashes < (isChosen ? 1 : points * share); seed++) {
    try {
      await run(seed, { counts, lives: 8, trace });
    } catch (error) {
      console.log(`${name}: fails with seed ${seed}: deno task test:crash --seed ${seed} --trace`);
      throw error;
    }
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${name}: ${counts.crashes} crashes, nothing promised was lost, ${seconds} s`);
}
const kills = isChosen ? Math.min(10, Number(flags.kills)) : Number(flags.kills);
if (kills > 0) {
  const startedMs = performance.now();
  const result = await killBroker(first, kills);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `process: ${result.kills} kills -9 (${result.killsWhileStarting} while it started), ` +
      `${result.unanswered} records under way, ${result.records} acknowledged: 0 lost, 0 moved, ` +
      `${result.repeated} of acks=1 twice, ${result.known} repeated batches known, ${seconds} s`,
  );
  const tenth = Math.ceil(kills / 10);
  const { transactions, unansweredCommits } = await killTransactions(first, tenth);
  console.log(
    `transactions: ${tenth} kills -9, ${transactions} transactions, none torn apart; ` +
      `${unansweredCommits} committed without an answer`,
  );
}
