// Random histories of groups whose members the coordinator assigns: the steps that are no member's,
// and how a history goes. What members do, and what must hold, each kind of group says itself.

import { assert } from "@std/assert";
import fc from "fast-check";
import { ErrorCode } from "../../src/protocol/errors.ts";
import type { GroupShell } from "./group_shell.ts";

/** Members around a coordinator. */
export interface GroupWorld {
  readonly shell: GroupShell;
  /** Throws where something does not hold. */
  check(): void;
}

export type Step<World> = (world: World) => void;

/** Time passes, and whatever is due on the way is done at its time. */
export function pass(shell: GroupShell, forMs: number): void {
  const endMs = shell.nowMs + forMs;
  for (let ticks = 0;; ticks++) {
    assert(ticks < 1_000, "time stands still");
    const dueMs = shell.table.nextDeadlineMs() ?? Infinity;
    if (dueMs > endMs) break;
    shell.nowMs = Math.max(dueMs, shell.nowMs);
    shell.carryOut(shell.table.onTick(shell.nowMs));
  }
  shell.nowMs = endMs;
}

/** Topics come, get more partitions, and go. */
export function topicSteps(...names: string[]): fc.Arbitrary<Step<GroupWorld>> {
  return fc.record({ name: fc.constantFrom(...names), count: fc.nat({ max: 6 }) }).map((
    { name, count },
  ) =>
  ({ shell }) => {
    const known = shell.topics.byName(name)?.partitionCount ?? 0;
    if (count === 0) shell.topics.delete(name);
    else shell.topics.set(name, Math.max(known, count));
  });
}

export const passing: fc.Arbitrary<Step<GroupWorld>> = fc.constantFrom(1, 400, 3_000, 8_000)
  .map((forMs) => ({ shell }) => pass(shell, forMs));

/** The log refuses the next records, or the broker starts again. */
export const mishaps: fc.Arbitrary<Step<GroupWorld>> = fc.constantFrom<Step<GroupWorld>>(
  ({ shell }) => {
    shell.refuseNext = ErrorCode.MESSAGE_TOO_LARGE;
  },
  ({ shell }) => void shell.restart(),
);

/** Takes the steps one by one; after each of them everything holds. */
export function live<World extends GroupWorld>(world: World, steps: readonly Step<World>[]): World {
  for (const step of steps) {
    step(world);
    world.check();
  }
  return world;
}
