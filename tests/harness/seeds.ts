// Seeds for a run: the same ones each time, so that what fails is what was changed; others with
// OTTLA_CRASH_SEED, a number or "random".
//
//   OTTLA_CRASH_SEED=123 deno test -A --no-check tests/crash       that one alone, to see it again
//   OTTLA_CRASH_SEED=random deno test -A --no-check tests/crash    new ones, told when one fails
//
// `deno task test:random` runs what has seeds with new ones, each night.

/** One history to run. */
export interface Seed {
  /** Runs it; what it throws is told with the seed that brings it back. */
  run(history: (seed: number) => void | Promise<void>): Promise<void>;
}

/** The seed that somebody chose, "random", or undefined: nobody has. */
export function chosenSeed(): number | "random" | undefined {
  const text = Deno.env.get("OTTLA_CRASH_SEED");
  if (text === undefined || text === "random") return text;
  const seed = Number(text);
  if (text !== "" && Number.isSafeInteger(seed)) return seed;
  throw new Error(`OTTLA_CRASH_SEED is a whole number or "random", not "${text}"`);
}

/** `count` seeds in a row, from 1 or a random one; only the chosen one when one is chosen. */
export function* seedsFrom(what: string, count: number): Generator<Seed> {
  const chosen = chosenSeed();
  const end = typeof chosen === "number" ? 1 : count;
  const first = chosen === "random" ? Math.floor(Math.random() * 1e9) : chosen ?? 1;
  console.log(`${what}: seeds from ${first}`);
  for (let seed = first; seed < first + end; seed++) {
    yield {
      async run(history) {
        try {
          await history(seed);
        } catch (error) {
          const again = `OTTLA_CRASH_SEED=${seed}`;
          throw new Error(`${what} fails with seed ${seed} (${again})`, { cause: error });
        }
      },
    };
  }
}
