// `deno task sim`: histories of the real broker and real clients, by seed, until a law is broken.
//
//   deno task sim [--seeds 1000] [--from 1] [--parts "records,classic group"]
//   deno task sim --from 4711 --story       one history, told
//
// A seed that fails is told with its story's last lines, and gives the same history again.

import { parts, simulated } from "./simulation.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

const linesAtEnd = 60;

const flags = taskFlags(Deno.args, {
  string: ["seeds", "from", "parts"],
  boolean: ["story"],
  default: { from: "1" },
});
const from = Number(flags.from);
const seeds = Number(flags.seeds ?? (flags.story ? 1 : 1_000));
const chosen = flags.parts?.split(",").map((name: string) => {
  const part = parts.find((each) => each === name);
  if (part === undefined) throw new Error(`no part ${name}: there are ${parts.join(", ")}`);
  return part;
});
const totals = new Map<string, number>();
for (let seed = from; seed < from + seeds; seed++) {
  const { broken, story, traceHash, counts, parts } = await simulated(seed, { parts: chosen });
  if (flags.story) { for (const line of story()) console.log(line); }
  if (broken !== undefined) {
    if (!flags.story) { for (const line of story().slice(-linesAtEnd)) console.log(line); }
    console.log(`seed ${seed} (${traceHash}, ${parts.join(", ")}): ${broken}`);
    const again = chosen === undefined ? "" : ` --parts "${flags.parts}"`;
    console.log(`again: deno task sim --from ${seed}${again} --story`);
    Deno.exit(1);
  }
  for (const [what, count] of Object.entries(counts)) {
    totals.set(what, (totals.get(what) ?? 0) + count);
  }
  if ((seed - from + 1) % 100 === 0 || seed === from + seeds - 1) told(seed);
}

function told(seed: number): void {
  const sums = [...totals].map(([what, count]) => `${count} ${what}`).join(", ");
  console.log(`seeds ${from} to ${seed}: every law holds; ${sums}`);
}
