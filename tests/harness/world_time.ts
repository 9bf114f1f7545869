// Runs a scenario on simulated machines, and has it live in their time.
//
// Simulated time stands still while real time passes: a token or a record that a test makes by
// `Date.now` would be of a time that the broker has not come to yet, by as much as the machine is
// busy. So that is the world's clock while a scenario runs.
//
// Invariant: the clock of this process is back when the scenario has ended, however it has.

import { assert } from "@std/assert";
import type { Clock } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";

const realNow = Date.now;

/** Lets the world's time pass until `scenario` is done; `clock` is that of one of its machines. */
export async function inWorldTime(
  { world, clock }: { readonly world: Simulation; readonly clock: Clock },
  scenario: () => Promise<void>,
): Promise<void> {
  assert(Date.now === realNow, "one world at a time: they share the clock of this process");
  Date.now = () => clock.now();
  try {
    await world.drive(scenario());
  } finally {
    Date.now = realNow;
  }
}
