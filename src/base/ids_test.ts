import { assert, assertEquals } from "@std/assert";
import { uuidFromRandom } from "./ids.ts";

Deno.test("no id begins as an option of a command line does, all others are as they fall", () => {
  const firsts = new Set<string>();
  for (let first = 0; first < 256; first++) {
    const bytes = new Uint8Array(16).fill(7);
    bytes[0] = first;
    const id = uuidFromRandom(bytes);
    assert(!id.startsWith("-"), id);
    firsts.add(id.slice(0, 1));
  }
  assertEquals(firsts.size, 63);
});
