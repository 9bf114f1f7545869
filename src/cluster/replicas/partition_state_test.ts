// Every history of three replicas up to some depth: whoever is elected has what was acknowledged.
// Without a rule that guards against it, somebody who lacks it is: then the walk finds him.

import { assert, assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import type { PartitionImage } from "../image/image.ts";
import {
  alterProblem,
  type PartitionEvent,
  type PartitionView,
  transition,
} from "./partition_state.ts";

const ids = [1, 2, 3];

const whole: PartitionImage = {
  id: 0,
  leader: 1,
  leaderEpoch: 0,
  leaderBrokerEpoch: 0,
  partitionEpoch: 0,
  replicas: ids,
  isr: ids,
  addingReplicas: [],
  removingReplicas: [],
  elr: [],
  lastKnownElr: [],
  directories: [],
  recovering: false,
};

/** A moment: the state, who serves, who has all that was acknowledged. */
interface Moment {
  readonly state: PartitionImage;
  readonly active: readonly number[];
  readonly complete: readonly number[];
  /** Whose disks are full. */
  readonly full: readonly number[];
}

/** What a walk goes by; a mutant leaves something out. */
interface Rules {
  readonly next: typeof transition;
  /** How many in sync acks=all needs. */
  readonly minIsr: number;
}

const minIsr = 2;
const rules: Rules = { next: transition, minIsr };

function viewOf(active: readonly number[], full: readonly number[] = []): PartitionView {
  return {
    isActive: (id) => active.includes(id),
    hasRoom: (id) => !full.includes(id),
    epochOf: () => 0,
    minIsr,
    allowsUnclean: false,
  };
}

function* movesFrom({ state, active, complete, full }: Moment, { next, minIsr }: Rules) {
  const on = (event: PartitionEvent, changed: Partial<Moment> = {}): Moment => {
    const now = { active, complete, full, ...changed };
    return { ...now, state: next(state, event, viewOf(now.active, now.full)) };
  };
  yield on({ type: "settle" });
  yield on({ type: "prefer" });
  const isLed = state.leader > 0 && active.includes(state.leader);
  if (isLed && state.isr.length >= minIsr) {
    // Acknowledged: whoever is not in sync lacks it.
    yield { state, active, full, complete: complete.filter((id) => state.isr.includes(id)) };
  }
  for (const id of ids) {
    const isFull = full.includes(id);
    yield on({ type: "settle" }, {
      full: isFull ? full.filter((each) => each !== id) : [...full, id],
    });
    const others = active.filter((each) => each !== id);
    if (active.includes(id)) {
      yield { state, complete, full, active: others };
      yield on({ type: "registered", id, isSuspect: false }, { active: others });
      const lossy = { active: others, complete: complete.filter((each) => each !== id) };
      yield on({ type: "registered", id, isSuspect: true }, lossy);
    } else yield on({ type: "settle" }, { active: [...active, id] });
    if (!isLed || id === state.leader) continue;
    const isr = (which: readonly number[]) => which.map((each) => ({ id: each, epoch: 0 }));
    if (state.isr.includes(id)) {
      yield on({ type: "alter", isr: isr(state.isr.filter((each) => each !== id)) });
    } else if (active.includes(id)) {
      // It has copied what the leader has.
      const copied = complete.includes(state.leader) ? [...complete, id] : complete;
      yield on({ type: "alter", isr: isr([...state.isr, id]) }, {
        complete: [...new Set(copied)],
      });
    }
  }
}

function keyOf({ state, active, complete, full }: Moment): string {
  const { leader, isr, elr, lastKnownElr, recovering } = state;
  const sorted = [active, complete, full].map((each) => [...each].sort());
  return JSON.stringify([leader, isr, elr, lastKnownElr, recovering, ...sorted]);
}

/** Walks all there is within `depth` moves; how many moments, and one that must not be. */
function walk(by: Rules, depth: number): { moments: number; broken: Moment | undefined } {
  const seen = new Set<string>();
  let edge: Moment[] = [{ state: whole, active: ids, complete: ids, full: [] }];
  for (let moves = 0; moves <= depth; moves++) {
    const next: Moment[] = [];
    for (const moment of edge) {
      const key = keyOf(moment);
      if (seen.has(key)) continue;
      seen.add(key);
      const { leader } = moment.state;
      if (leader > 0 && !moment.complete.includes(leader)) {
        return { moments: seen.size, broken: moment };
      }
      next.push(...movesFrom(moment, by));
    }
    edge = next;
  }
  return { moments: seen.size, broken: undefined };
}

Deno.test("who leads has all that was acknowledged, whatever happens to three replicas", () => {
  const { moments, broken } = walk(rules, 12);
  assertEquals(broken, undefined);
  assert(moments > 500, `only ${moments} moments`);
});

/** Who leads after each, three replicas being in sync and these being full. */
function leadersOf(...steps: readonly (readonly [PartitionEvent["type"], number[]])[]): string[] {
  let state = whole;
  return steps.map(([type, full]) => {
    state = transition(state, { type } as PartitionEvent, viewOf(ids, full));
    return `${state.leader} in epoch ${state.leaderEpoch}`;
  });
}

Deno.test("a leader without room gives way to one in sync that has some, and not back", () => {
  const led = leadersOf(
    ["settle", [1]],
    ["settle", [1]],
    ["prefer", [1]],
    ["settle", []],
    ["prefer", []],
  );
  assertEquals(led, [2, 2, 2, 2, 1].map((id, i) => `${id} in epoch ${i < 4 ? 1 : 2}`));
});

Deno.test("where nobody has room who leads goes on leading", () => {
  const led = leadersOf(["settle", [1, 2]], ["settle", ids], ["prefer", ids], ["settle", ids]);
  assertEquals(led, Array(4).fill("3 in epoch 1"));
});

Deno.test("whatever happens, nobody without room leads where one in sync has some", () => {
  const settled: Rules = {
    ...rules,
    next: (state, event, view) => {
      const next = transition(state, event, view);
      const after = transition(next, { type: "settle" }, view);
      const roomy = after.isr.some((id) => view.isActive(id, "") && view.hasRoom(id, ""));
      assert(after.leader < 0 || view.hasRoom(after.leader, "") || !roomy, "it leads on");
      assertEquals(transition(after, { type: "settle" }, view), after);
      return next;
    },
  };
  walk(settled, 6);
});

const mutants: Record<string, Rules> = {
  "acknowledges below min.insync.replicas": { ...rules, minIsr: 1 },
  "trusts a broker that has lost something": {
    ...rules,
    next: (state, event, view) =>
      transition(state, event.type === "registered" ? { ...event, isSuspect: false } : event, view),
  },
  "keeps who starts again in the ISR": {
    ...rules,
    next: (state, event, view) =>
      event.type === "registered" ? state : transition(state, event, view),
  },
  "takes everybody for eligible": {
    ...rules,
    next: (state, event, view) => {
      const next = transition(state, event, view);
      const elr = next.lastKnownElr.length > 0 ? [] : ids.filter((id) => !next.isr.includes(id));
      return { ...next, elr: next.isr.length >= view.minIsr ? [] : elr };
    },
  },
  "elects whoever lives": {
    ...rules,
    next: (state, event, view) => transition(state, event, { ...view, allowsUnclean: true }),
  },
};

for (const [name, by] of Object.entries(mutants)) {
  Deno.test(`the walk finds out who ${name}`, () => {
    assert(walk(by, 12).broken !== undefined, "nothing was found");
  });
}

Deno.test("a leader's word counts for those who live as they did when they fetched", () => {
  const state = { ...whole, isr: [1, 2] };
  const view: PartitionView = {
    isActive: (id) => id !== 2,
    hasRoom: () => true,
    epochOf: (id) => 10 * id,
    minIsr,
    allowsUnclean: false,
  };
  const asked = {
    leader: 1,
    brokerEpoch: 10,
    leaderEpoch: 0,
    partitionEpoch: 0,
    isr: [{ id: 1, epoch: -1 }, { id: 3, epoch: 30 }],
  };
  assertEquals(alterProblem(state, asked, view), ErrorCode.NONE);
  const ofEarlierLife = { ...asked, isr: [{ id: 1, epoch: -1 }, { id: 3, epoch: 29 }] };
  assertEquals(alterProblem(state, ofEarlierLife, view), ErrorCode.INELIGIBLE_REPLICA);
  const { INVALID_UPDATE_VERSION, FENCED_LEADER_EPOCH, STALE_BROKER_EPOCH } = ErrorCode;
  const stale = { ...asked, partitionEpoch: 1 };
  assertEquals(alterProblem(state, stale, view), INVALID_UPDATE_VERSION);
  assertEquals(alterProblem(state, { ...asked, leaderEpoch: 1 }, view), FENCED_LEADER_EPOCH);
  assertEquals(alterProblem(state, { ...asked, brokerEpoch: 9 }, view), STALE_BROKER_EPOCH);
});

Deno.test("replicas move: all of them copy, then the old ones go", () => {
  const view = { ...viewOf([1, 2, 3, 4]), minIsr: 2 };
  const moving = transition(whole, { type: "reassign", replicas: [4, 2] }, view);
  assertEquals(moving.replicas, [4, 2, 1, 3]);
  assertEquals([moving.addingReplicas, moving.removingReplicas], [[4], [1, 3]]);
  assertEquals(moving.leader, 1);
  const isr = [...moving.isr, 4].map((id) => ({ id, epoch: 0 }));
  const moved = transition(moving, { type: "alter", isr }, view);
  assertEquals([moved.replicas, moved.isr, moved.leader], [[4, 2], [4, 2], 4]);
  assertEquals(moved.leaderEpoch, 1);
  const back = transition(moving, { type: "reassign", replicas: null }, view);
  assertEquals([back.replicas, back.removingReplicas], [[2, 1, 3], []]);
});
