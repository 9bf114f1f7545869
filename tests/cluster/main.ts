// Histories of a cluster by seed: deno task sim:cluster --seeds 100 --from 1

import { parseArgs } from "@std/cli/parse-args";
import { runHistory } from "./history.ts";

const flags = parseArgs(Deno.args, { string: ["seeds", "from", "faults"] });
const from = Number(flags.from ?? 1);
const count = Number(flags.seeds ?? 20);
let acknowledged = 0;
let epochs = 0;
for (let seed = from; seed < from + count; seed++) {
  const summary = await runHistory({ seed, faults: Number(flags.faults ?? 10) });
  acknowledged += summary.acknowledged;
  epochs += summary.epochs;
}
console.log(`${count} histories hold: ${acknowledged} acknowledged, ${epochs} leader epochs`);
