// Seeds for a run: new ones each time, told when one fails, and chosen by OTTLA_CRASH_SEED to see
// it fail again: OTTLA_CRASH_SEED=123 deno test -A --no-check tests/crash

/** One history to run. */
export interface Seed {
  /** Runs it; what it throws is told with the seed that brings it back. */
  run(history: (seed: number) => Promise<void>): Promise<void>;
}

/** `count` seeds in a row, from a random one; only the chosen one when one is chosen. */
export function* seedsFrom(what: string, count: number): Generator<Seed> {
  const chosen = Deno.env.get("OTTLA_CRASH_SEED");
  const end = chosen === undefined ? count : 1;
  const first = chosen === undefined ? Math.floor(Math.random() * 1e9) : Number(chosen);
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
