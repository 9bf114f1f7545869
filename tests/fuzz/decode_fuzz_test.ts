// A short slice of the decode fuzzer, with a fixed seed and a fresh one.

import { assert } from "@std/assert";
import { fuzz } from "./decode_fuzz.ts";

const inputs = 20_000;

Deno.test("bad bytes decode to a message or to a DecodeFault", () => {
  const { decoded } = fuzz({ seed: 1, inputs });
  assert(decoded > 0 && decoded < inputs, `${decoded} of ${inputs} decoded: both must occur`);
});

Deno.test("so they do with a fresh seed", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  const { decoded } = fuzz({ seed, inputs });
  assert(decoded > 0 && decoded < inputs, `seed ${seed}: ${decoded} of ${inputs} decoded`);
});
