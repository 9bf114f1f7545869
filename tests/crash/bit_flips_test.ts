import { assert } from "@std/assert";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { bitsOf, flip, writeDirectory } from "./bit_flips.ts";
import { seedsFrom } from "../harness/seeds.ts";

for (const left of ["closed", "killed"] as const) {
  Deno.test(`a flipped bit is told or does no harm, in a directory that was ${left}`, async () => {
    const contents = await writeDirectory(left);
    const tally = { told: 0, unharmed: 0 };
    for (const seed of seedsFrom("bit flips", 1)) {
      await seed.run(async (n) => {
        const random = new SeededRandom(n, "bits");
        for (const [path, content] of contents) {
          for (const bit of bitsOf(content, random)) {
            try {
              tally[await flip(contents, { path, bit })]++;
            } catch (cause) {
              throw new Error(`bit ${bit & 7} of byte ${bit >> 3} of ${path}`, { cause });
            }
          }
        }
      });
    }
    assert(tally.told > 500 && tally.unharmed > 500, JSON.stringify(tally));
  });
}
