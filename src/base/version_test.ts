import { assertEquals } from "@std/assert";
import { programVersion } from "./version.ts";

Deno.test("the program's version is that of deno.json and package.json", async () => {
  for (const name of ["deno.json", "package.json"]) {
    const text = await Deno.readTextFile(new URL(`../../${name}`, import.meta.url));
    assertEquals(JSON.parse(text).version, programVersion, name);
  }
});
