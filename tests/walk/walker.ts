// Walks a small world whole: every order of events up to a length, each state once. Or wanders
// about in it, at random, for longer.
//
//   beginning ── event ──> state ── event ──> state ...      a state that was seen is not gone into
//
// A world is made again for each step, by repeating its history: nothing in it need be copied. The
// shortest histories come first, so that what breaks a law is as short as can be.
// Invariant: the same events give the same states, as for a coordinator's machine.

import { AssertionError } from "../../src/base/assert.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";

/** A small world: what may happen next, and what must hold. Broken laws are thrown: LawBroken. */
export interface World {
  /** The events that may happen now, each by its name. */
  events(): readonly string[];
  /** Those of them that happen where all is well; a wanderer meets them more often. */
  usual(): readonly string[];
  /** Lets it happen. */
  happen(event: string): void;
  /** Whether all holds that should. */
  check(): void;
  /** All that decides what may follow, as text. */
  state(): string;
  /**
   * Nothing bad happens any more, and whoever is left does what it should; some are silent for
   * good, as `random` has it. What was begun must come to its end. The world is of no more use.
   */
  calm(random: Chance): void;
}

/** Where worlds get their chances from. */
export interface Chance {
  between(min: number, max: number): number;
}

/** How much of what a wanderer meets is as it should be. */
const usualShare = 0.6;

/** A law does not hold. */
export class LawBroken extends Error {
  override readonly name = "LawBroken";
}

/** Throws LawBroken unless the law holds. */
export function law(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new LawBroken(otherwise);
}

/** What a walk has seen. */
export interface Walked {
  readonly states: number;
  readonly steps: number;
  /** The law that was broken, and the shortest history that does it; undefined: none was. */
  readonly broken: { readonly law: string; readonly history: readonly string[] } | undefined;
}

/** Walks the world that `newWorld` makes, through histories of up to `eventsMax` events. */
export function walk(newWorld: () => World, eventsMax: number): Walked {
  const seen = new Set([hashOf(newWorld().state())]);
  let steps = 0;
  let frontier: (readonly string[])[] = [[]];
  for (let length = 0; length < eventsMax && frontier.length > 0; length++) {
    const next: (readonly string[])[] = [];
    for (const history of frontier) {
      // The world that says what may happen is the first to which something does.
      let spare: World | undefined = remade(newWorld, history);
      for (const event of spare.events()) {
        steps++;
        const longer = [...history, event];
        const world: World = spare ?? remade(newWorld, history);
        spare = undefined;
        const law = lawBrokenBy(() => {
          world.happen(event);
          world.check();
          const hash = hashOf(world.state());
          if (seen.has(hash)) return;
          seen.add(hash);
          next.push(longer);
          world.calm(new SeededRandom(hash, "calm"));
        });
        if (law !== undefined) {
          return { states: seen.size, steps, broken: { law, history: longer } };
        }
      }
    }
    frontier = next;
  }
  return { states: seen.size, steps, broken: undefined };
}

/**
 * Goes one random way of `events` events through the world, and lets it come to rest: for what a
 * walk is too short to meet. Returns the law that it broke and its history, if it did.
 */
export function wander(world: World, random: Chance, events: number): Walked["broken"] {
  const history: string[] = [];
  const law = lawBrokenBy(() => {
    for (let i = 0; i < events; i++) {
      const usual = random.between(0, 1) < usualShare ? world.usual() : [];
      const possible = usual.length > 0 ? usual : world.events();
      const event = possible[Math.floor(random.between(0, possible.length))];
      history.push(event);
      world.happen(event);
      world.check();
    }
    history.push("calm");
    world.calm(random);
  });
  return law === undefined ? undefined : { law, history };
}

function lawBrokenBy(happen: () => void): string | undefined {
  try {
    happen();
    return undefined;
  } catch (error) {
    // What the code asserts of itself is a law, too.
    if (error instanceof LawBroken || error instanceof AssertionError) return error.message;
    throw error;
  }
}

function remade(newWorld: () => World, history: readonly string[]): World {
  const world = newWorld();
  for (const event of history) world.happen(event);
  return world;
}

/** 53 bits of `text`: two states of a walk that share theirs are not to be expected. */
function hashOf(text: string): number {
  let [high, low] = [0x811c9dc5, 0x1000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b) ^ (low >>> 13);
  }
  return (high >>> 0) * 2 ** 21 + ((low >>> 0) & 0x1fffff);
}
