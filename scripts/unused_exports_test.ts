import { assertEquals } from "@std/assert";
import { parseSource } from "./source.ts";
import { checkUnusedExports } from "./unused_exports.ts";

/** `path:line name` of each unused export of a tree. */
function unused(tree: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(tree).map(([path, text]) => parseSource(path, text));
  return checkUnusedExports(files).map(({ path, line, message }) =>
    `${path}:${line} ${/imports (\w+)/.exec(message)![1]}`
  );
}

Deno.test("an export that nobody imports is named, one that somebody does is not", () => {
  const tree = {
    "src/a.ts": "export const used = 1;\nexport function idle() {}\nexport class Idle {}\n",
    "src/b.ts": `import { used } from "./a.ts";\n`,
  };
  assertEquals(unused(tree), ["src/a.ts:2 idle", "src/a.ts:3 Idle"]);
});

Deno.test("what a face passes on is used when the face's name is", () => {
  const tree = {
    "src/log/a.ts": "export const one = 1;\nexport const two = 2;\n",
    "src/log/mod.ts": `export { one, two } from "./a.ts";\n`,
    "src/main.ts": `import { one } from "./log/mod.ts";\n`,
  };
  assertEquals(unused(tree), ["src/log/a.ts:2 two", "src/log/mod.ts:1 two"]);
});

Deno.test("who imports a module whole, or passes all of it on, takes each of its names", () => {
  const tree = {
    "src/a.ts": "export const one = 1;\n",
    "src/b.ts": "export const two = 2;\n",
    "src/mod.ts": `export * from "./b.ts";\n`,
    "src/main.ts": `const a = await import("./a.ts");\nimport { two } from "./mod.ts";\n`,
  };
  assertEquals(unused(tree), []);
});

Deno.test("of a module that is loaded on the way, the names beside the import are taken", () => {
  const module = "export const one = 1;\nexport const two = 2;\n";
  const taken = [
    `const one = (await import("./a.ts")).one;\n`,
    `const { one } = await loading(import("./a.ts"));\n`,
    `const { one: first } = await import("./a.ts");\n`,
    `const one = loading(import("./a.ts")).then(({ one }) => one);\n`,
    `let one: typeof import("./a.ts").one;\n`,
  ];
  for (const text of taken) {
    assertEquals(unused({ "src/a.ts": module, "src/main.ts": text }), ["src/a.ts:2 two"], text);
  }
  const whole = [
    `const { one, ...others } = await import("./a.ts");\n`,
    `const all = loading(import("./a.ts")).then((a) => a.one);\n`,
    `const load = () => import("./a.ts");\n`,
  ];
  for (const text of whole) {
    assertEquals(unused({ "src/a.ts": module, "src/main.ts": text }), [], text);
  }
});

Deno.test("a type that a file's own functions speak of is what others see of them", () => {
  const spoken = "export interface Options {}\nexport function run(options: Options) {}\n";
  const tree = {
    "src/a.ts": spoken + "export interface Lost {}\n",
    "src/main.ts": `import { run } from "./a.ts";\n`,
  };
  assertEquals(unused(tree), ["src/a.ts:3 Lost"]);
});
