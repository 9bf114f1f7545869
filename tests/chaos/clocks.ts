// Clocks of machines that somebody sets: each process has libfaketime between itself and its own,
// and reads from a file by how much the time of day is off. What counts on passes as ever: a clock
// that is set moves no stopwatch.
//
// Needs Debian's libfaketime; without it clocks are right.

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

export class Clocks {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** undefined: there is no libfaketime. */
  static async make(names: readonly string[]): Promise<Clocks | undefined> {
    const isThere = await Deno.stat(library).then(() => true, (error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return false;
    });
    if (!isThere) return undefined;
    const clocks = new Clocks(await Deno.makeTempDir({ prefix: "chaos-clocks-" }));
    for (const name of names) await clocks.set(name, 0);
    return clocks;
  }

  /** What a process needs in its environment to go by the clock of a machine. */
  environment(name: string): Record<string, string> {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#path(name),
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_CACHE_DURATION: "1",
    };
  }

  /** From now on the clock is so many seconds fast, or slow. */
  async set(name: string, seconds: number): Promise<void> {
    // In one step: half a number is another one.
    await Deno.writeTextFile(`${this.#path(name)}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    await Deno.rename(`${this.#path(name)}.new`, this.#path(name));
  }

  async close(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}
