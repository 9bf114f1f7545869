// `deno task sim:cluster`: histories of whole clusters by seed, until a law is broken.
//
//   deno task sim:cluster [--seeds 100] [--from 1] [--home etcd]
//   deno task sim:cluster --from 4711 --story               one history, told in full
//   deno task sim:cluster --from 4711 --troubles 0,3        with these of its troubles alone
//   deno task sim:cluster --kinds "is killed; has a topic moved"     with troubles of these alone
//   deno task sim:cluster --mutants                         which wrong code is noticed, and when
//
// A history that fails is run again with fewer troubles, as long as it fails the same way; what is
// printed repeats it to the byte. With --go-on the next seeds follow.

import type { HistoryOptions } from "./cast.ts";
import { runHistory } from "./history.ts";
import { hunt } from "./hunt.ts";
import { clusterMutants } from "./mutants.ts";
import { shrunk, told } from "./shrink.ts";
import { diskOfSeveral, everyKind } from "./troubles.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

const flags = taskFlags(Deno.args, {
  string: ["seeds", "from", "home", "troubles", "kinds"],
  boolean: ["story", "go-on", "mutants"],
  default: { from: "1" },
});
if (flags.mutants) Deno.exit(await huntAll());
const homes = ["memory", "etcd"] as const;
const home = homes.find((each) => each === flags.home);
if (flags.home !== undefined && home === undefined) throw new Error("--home is memory or etcd");
const kept = flags.troubles?.split(",").filter((each: string) => each !== "").map(Number);
const kinds = flags.kinds?.split(";").map((each: string) => {
  const kind = everyKind().find((known) => known === each.trim());
  if (kind === undefined) throw new Error(`--kinds are some of: ${everyKind().join("; ")}`);
  return kind;
});
const hasDisks = kinds?.includes(diskOfSeveral) || undefined;
const from = Number(flags.from);
const seeds = Number(flags.seeds ?? (flags.story || kept !== undefined ? 1 : 100));
const totals = new Map<string, number>();
let failed = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const options: HistoryOptions = { seed, home, kept, kinds, hasDisks };
  const summary = await runHistory(options);
  if (flags.story) { for (const line of summary.story) console.log(line); }
  if (summary.broken.length > 0) {
    failed++;
    const fewest = await shrunk(summary, runHistory, options);
    for (const line of told(fewest.summary)) console.log(line);
    const at = (home === undefined ? "" : ` --home ${home}`) +
      (kinds === undefined ? "" : ` --kinds "${kinds.join("; ")}"`);
    console.log(
      `again: deno task sim:cluster --from ${seed}${at} --troubles "${fewest.kept}" --story`,
    );
    if (!flags["go-on"]) Deno.exit(1);
  }
  for (const [what, count] of Object.entries(summary.counts)) {
    totals.set(what, (totals.get(what) ?? 0) + count);
  }
  if ((seed - from + 1) % 50 === 0 || seed === from + seeds - 1) {
    const sums = [...totals].map(([what, count]) => `${count} ${what}`).join(", ");
    const law = failed === 0 ? "every law holds" : `${failed} histories fail`;
    console.log(`seeds ${from} to ${seed}: ${law}; ${sums}`);
  }
}
if (failed > 0) Deno.exit(1);

/** Prints a table of all mutants; 1 where one of them lives. */
async function huntAll(): Promise<number> {
  let living = 0;
  console.log("| what is wrong | found by seed | the law that it breaks |\n| --- | --- | --- |");
  for (const [name, mutant] of Object.entries(clusterMutants)) {
    const { seed, law } = await hunt(mutant, { isAimed: false });
    if (seed === undefined) living++;
    console.log(`| ${name} | ${seed ?? `none of ${mutant.seedsMax}`} | ${law ?? "none"} |`);
  }
  return living > 0 ? 1 : 0;
}
