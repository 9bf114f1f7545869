import { assertEquals } from "@std/assert";
import { checkCatches } from "./catches.ts";
import { parseSource } from "./source.ts";

const path = "src/log/a.ts";

/** `path:line` of each violation of files that hold these texts. */
function breaches(
  texts: Readonly<Record<string, string>>,
  listed: Readonly<Record<string, readonly [number, string]>> = {},
): string[] {
  const files = Object.entries(texts).map(([path, text]) => parseSource(path, text));
  return checkCatches(files, listed).map(({ path, line }) => `${path}:${line}`);
}

Deno.test("a catch that throws on needs no word; one that never does is listed", () => {
  const swallows = "try {\n  run();\n} catch {\n  count++;\n}\n";
  assertEquals(breaches({ [path]: swallows }), [`${path}:3`]);
  assertEquals(breaches({ [path]: swallows }, { [path]: [1, "told"] }), []);
  assertEquals(breaches({ [path]: swallows.replace("count++", "throw gone") }), []);
});

Deno.test("what swallows: clauses and handlers of promises, whatever they do but throw", () => {
  const swallowing = [
    "run().catch(() => {});",
    "run().then(next, () => {});",
    "run().catch(note);",
    "try { run(); } catch (error) { later(() => { throw error; }); }",
    "try { run(); } catch (error) { if (error instanceof DecodeFault) note(error); }",
  ];
  for (const text of swallowing) assertEquals(breaches({ [path]: text }), [`${path}:1`], text);
  const throwing = [
    "try { run(); } catch (error) { if (!(error instanceof DecodeFault)) throw error; }",
    "try { run(); } catch (error) { reject(error); }",
    "run().catch(reject);",
    "function onLoss(error): never { throw error; } run().catch((error) => onLoss(error));",
    "class A { #end = (error): never => { throw error; }; go() { run().then(next, this.#end); } }",
    "run().then(next, next);",
    "run().then(next);",
    "try { run(); } finally { close(); }",
  ];
  for (const text of throwing) assertEquals(breaches({ [path]: text }), [], text);
});

Deno.test("the list says no more than there is, so it can only shrink", () => {
  const swallows = "run().catch(() => {});\n";
  assertEquals(breaches({ [path]: swallows }, { [path]: [2, "told"] }), [`${path}:1`]);
  assertEquals(breaches({ [path]: "run();\n" }, { [path]: [1, "told"] }), [`${path}:1`]);
  assertEquals(breaches({ "scripts/catches.ts": "" }, { [path]: [1, "told"] }), [`${path}:1`]);
  assertEquals(breaches({ [path]: swallows + swallows }, { [path]: [1, "told"] }), [`${path}:2`]);
});

Deno.test("adapters and tests may end what they like", () => {
  const swallows = "run().catch(() => {});\n";
  const free = ["src/runtime/deno.ts", "src/log/a_test.ts", "scripts/a.ts", "tests/a.ts"];
  for (const each of free) assertEquals(breaches({ [each]: swallows }), []);
});
