// A short slice of the decode fuzzer.

import { assert } from "@std/assert";
import { seedsFrom } from "../harness/seeds.ts";
import { fuzz } from "./decode_fuzz.ts";

const inputs = 20_000;

Deno.test("bad bytes decode to a message or to a DecodeFault", async () => {
  for (const each of seedsFrom("bad bytes", 2)) {
    await each.run((seed) => {
      const { decoded } = fuzz({ seed, inputs });
      assert(decoded > 0 && decoded < inputs, `${decoded} of ${inputs} decoded: both must occur`);
    });
  }
});
