// Walks a small world whole: every order of events up to a length, each state once. Or wanders
// about in it, at random, for longer.
//
//   beginning ── event ──> state ── event ──> state ...      a state that was seen is not gone into
//
// A world is made again for each step, by repeating its history: nothing in it need be copied. The
// shortest histories come first, so that what breaks a law is as short as can be.
// Invariant: the same events give the same states, as for a coordinator's machine.

/** A small world: what may happen next, and what must hold. */
export interface World {
  /** The events that may happen now, each by its name. */
  events(): readonly string[];
  /** Lets it happen. Throws LawBroken when something does not hold that should. */
  happen(event: string): void;
  /** All that decides what may follow, as text. */
  state(): string;
}

/** A law does not hold. */
export class LawBroken extends Error {
  override readonly name = "LawBroken";
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
      for (const event of remade(newWorld, history).events()) {
        steps++;
        const longer = [...history, event];
        const world = remade(newWorld, history);
        try {
          world.happen(event);
        } catch (error) {
          if (!(error instanceof LawBroken)) throw error;
          return { states: seen.size, steps, broken: { law: error.message, history: longer } };
        }
        const hash = hashOf(world.state());
        if (seen.has(hash)) continue;
        seen.add(hash);
        next.push(longer);
      }
    }
    frontier = next;
  }
  return { states: seen.size, steps, broken: undefined };
}

/**
 * Goes one random way of `events` events through the world, for what a walk is too short to meet.
 * Returns the law that it broke and its history, if it did.
 */
export function wander(
  world: World,
  random: { between(min: number, max: number): number },
  events: number,
): Walked["broken"] {
  const history: string[] = [];
  for (let i = 0; i < events; i++) {
    const possible = world.events();
    const event = possible[Math.floor(random.between(0, possible.length))];
    history.push(event);
    try {
      world.happen(event);
    } catch (error) {
      if (!(error instanceof LawBroken)) throw error;
      return { law: error.message, history };
    }
  }
  return undefined;
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
