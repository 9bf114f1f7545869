// A process on a simulated machine that ends at a chosen change of a file: between any two writes,
// in the middle of one, at a sync, during recovery.
//
//   run(scenario) --change number `doomAt` comes--> "kill": the page cache stays, an append may
//                 |                                 have been written in part
//                 |                                 "power loss": what was not synced survives in
//                 |                                 part, reordered, torn at sectors
//                 \--the scenario is done---------> "done"

import type { Runtime } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";
import type { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { type Appending, watchedFiles } from "../harness/watched_files.ts";

/** How a process may end. */
export type End = "kill" | "power loss" | "done";

/** A scenario that takes longer, of simulated time, will never end: nothing tries for so long. */
const scenarioMsMax = 6 * 3_600_000;

export interface Doom {
  readonly machine: string;
  /** The change, counted from 1, before which the process ends; Infinity: never. */
  readonly doomAt: number;
  readonly how: Exclude<End, "done">;
  readonly random: SeededRandom;
  /** Hears of each change, to see what a seed does. */
  readonly trace?: (line: string) => void;
}

/** A started process, and how to let it run. */
export interface DoomedRun {
  readonly runtime: Runtime;
  /** Whether it still runs; once it does not, nothing that the scenario does has any effect. */
  isAlive(): boolean;
  /** Lets time pass until the process ends or `scenario` settles; throws what it throws. */
  run(scenario: Promise<void>): Promise<End>;
}

/** Starts a process on `doom.machine`. */
export function startDoomed(world: Simulation, doom: Doom): DoomedRun {
  const { machine, doomAt, how, random } = doom;
  let changes = 0;
  let isAlive = true;
  const end = () => {
    isAlive = false;
    if (how === "kill") world.kill(machine);
    else world.crash(machine);
  };
  const onChange = (change: string, appending?: Appending) => {
    if (isAlive) doom.trace?.(`${how} before ${doomAt}: ${changes + 1} ${change}`);
    // A disk that fails and a process that is killed in the same instant: docs/decisions/0006 says
    // what that may cost, and nothing can be done about it.
    if (change.endsWith(".ottla_sync_failed")) return;
    if (++changes !== doomAt || !isAlive) return;
    if (appending !== undefined) {
      const { file, bytes } = appending;
      file.append(bytes.subarray(0, Math.floor(random.between(0, bytes.length + 1))));
    }
    end();
  };
  const runtime = world.start(machine);
  return {
    runtime: { ...runtime, files: watchedFiles(runtime.files, onChange) },
    isAlive: () => isAlive,
    async run(scenario) {
      let outcome: { error?: unknown } | undefined;
      scenario.then(() => outcome = {}, (error) => outcome = { error });
      const endMs = world.nowMs + scenarioMsMax;
      while (isAlive && outcome === undefined && world.nowMs < endMs && await world.step());
      if (!isAlive) return how;
      if (outcome === undefined) throw new Error("the scenario waits, and nothing will happen");
      if (outcome.error !== undefined) throw outcome.error;
      isAlive = false;
      return "done";
    },
  };
}
