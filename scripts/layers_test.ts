import { assertEquals, assertMatch } from "@std/assert";
import { firstOf } from "../src/base/items.ts";
import {
  checkCircles,
  checkImports,
  checkLate,
  checkLoading,
  checkPlatformNames,
} from "./layers.ts";
import { parseSource, type SourceFile, type Violation } from "./source.ts";

/** Files from path to text. */
function tree(texts: Record<string, string>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => parseSource(path, text));
}

/** `path:line rule` of each violation. */
function places(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

Deno.test("an import that goes up is refused, with its file, line and rule", () => {
  const files = tree({
    "src/base/ids.ts": `// ids\nimport { x } from "../log/mod.ts";\n`,
    "src/log/mod.ts": `import { y } from "../base/bytes.ts";\n`,
    "src/base/bytes.ts": ``,
  });
  assertEquals(checkImports(files), [{
    path: "src/base/ids.ts",
    line: 2,
    rule: "import-law",
    message: "src/base/ may not import src/log/mod.ts",
  }]);
});

Deno.test("type imports, re-exports, dynamic imports and import types count as imports", () => {
  const files = tree({
    "src/protocol/a.ts": [
      `import type { A } from "../log/mod.ts";`,
      `export { B } from "../log/mod.ts";`,
      `const c = await import("../log/mod.ts");`,
      `type D = import("../log/mod.ts").D;`,
    ].join("\n"),
    "src/log/mod.ts": ``,
  });
  assertEquals(
    places(checkImports(files)),
    [1, 2, 3, 4].map((line) => `src/protocol/a.ts:${line} import-law`),
  );
});

Deno.test("the broker may use the ports and not an adapter; main may use both", () => {
  const files = tree({
    "src/broker/broker.ts":
      `import type { A } from "../runtime/ports.ts";\nimport { deno } from "../runtime/deno.ts";`,
    "src/main.ts": `import { deno } from "./runtime/deno.ts";`,
    "src/runtime/ports.ts": ``,
    "src/runtime/deno.ts": `import * as fs from "node:fs";`,
  });
  assertEquals(places(checkImports(files)), ["src/broker/broker.ts:2 import-law"]);
});

Deno.test("the command line sees other folders by their mod.ts alone", () => {
  const files = tree({
    "src/cli/a.ts":
      `import { x } from "../broker/mod.ts";\nimport { y } from "../broker/broker.ts";`,
    "src/broker/mod.ts": ``,
    "src/broker/broker.ts": ``,
  });
  assertEquals(places(checkImports(files)), ["src/cli/a.ts:2 import-law"]);
});

Deno.test("a package outside its home, a missing file and a computed import are refused", () => {
  const files = tree({
    "src/log/a.ts": `import fs from "node:fs";\nimport "./gone.ts";\nawait import("./" + "b.ts");`,
    "src/records/b.ts": `await import("some-codec");\nimport "node:zlib";`,
  });
  assertEquals(places(checkImports(files)), [
    "src/log/a.ts:1 import-law",
    "src/log/a.ts:2 import-law",
    "src/log/a.ts:3 computed-import",
    "src/records/b.ts:2 import-law",
  ]);
});

Deno.test("tests import anything, and nothing imports a test", () => {
  const files = tree({
    "src/log/a_test.ts": `import "../broker/broker.ts";`,
    "src/log/a.ts": `import "./a_test.ts";`,
    "src/broker/broker.ts": ``,
  });
  assertEquals(places(checkImports(files)), ["src/log/a.ts:1 import-law"]);
});

Deno.test("a circle of imports is reported once, as its whole path", () => {
  const files = tree({
    "src/log/a.ts": `import "./b.ts";`,
    "src/log/b.ts": `export { C } from "./c.ts";`,
    "src/log/c.ts": `import "./a.ts";`,
  });
  const circles = checkCircles(files);
  assertEquals(places(circles), ["src/log/c.ts:1 import-circle"]);
  const path = ["a", "b", "c", "a"].map((name) => `src/log/${name}.ts`).join(" -> ");
  assertEquals(firstOf(circles).message, path);
});

Deno.test("imports of types alone close a circle, and re-exports of them, and late ones", () => {
  const ways = [
    `import type { A } from "./a.ts";`,
    `import { type A } from "./a.ts";`,
    `export type { A } from "./a.ts";`,
    `type A = import("./a.ts").A;`,
    `await import("./a.ts");`,
  ];
  for (const way of ways) {
    const files = tree({ "src/log/a.ts": `import { b } from "./b.ts";`, "src/log/b.ts": way });
    assertEquals(places(checkCircles(files)), ["src/log/b.ts:1 import-circle"], way);
  }
});

Deno.test("a part that names the type of the whole that holds it is told so", () => {
  const files = tree({
    "src/broker/broker.ts": `import { topics } from "./topics.ts";`,
    "src/broker/topics.ts": `import type { Broker } from "./broker.ts";`,
  });
  assertEquals(places(checkCircles(files)), ["src/broker/topics.ts:1 import-circle"]);
});

Deno.test("the platform is named in src/runtime alone", () => {
  const uses = [
    `Deno.exit(1);`,
    `const t = Date.now();`,
    `const d = new Date();`,
    `const r = Math.random();`,
    `setTimeout(() => {}, 1);`,
    `const h = crypto.subtle;`,
    `const p = performance.now();`,
    `type Conn = Deno.Conn;`,
    `const o = { fetch };`,
  ];
  for (const use of uses) {
    assertEquals(
      places(checkPlatformNames(tree({ "src/log/a.ts": `// header\n${use}` }))),
      ["src/log/a.ts:2 platform-name"],
      use,
    );
    assertEquals(checkPlatformNames(tree({ "src/runtime/deno.ts": use })), [], use);
    assertEquals(checkPlatformNames(tree({ "src/log/a_test.ts": use })), [], use);
  }
});

Deno.test("members, keys, strings, comments and local names are not the platform", () => {
  const fine = [
    `// Deno.exit, Date.now()`,
    `const text = "Deno";`,
    `runtime.process.exit(0);`,
    `const o = { fetch: 1, setTimeout() {} };`,
    `const at = new Date(0);`,
    `export const fetch = handler(Fetch); use(fetch);`,
    `interface Runtime { readonly process: number; }`,
    `class A { performance = 1; }`,
  ];
  for (const text of fine) {
    assertEquals(checkPlatformNames(tree({ "src/log/a.ts": text })), [], text);
  }
});

Deno.test("the script exits 1 on a tree with a violation and 0 without", async () => {
  const root = await Deno.makeTempDir();
  const run = async () => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("layers.ts", import.meta.url).pathname, root],
      stderr: "piped",
      stdout: "piped",
    });
    const { code, stderr } = await command.output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  };
  try {
    await Deno.mkdir(`${root}/src/base`, { recursive: true });
    await Deno.writeTextFile(`${root}/src/base/ids.ts`, "// ids\nconst id = 1;\n");
    assertEquals((await run()).code, 0);
    await Deno.writeTextFile(`${root}/src/base/ids.ts`, "// ids\nconst id = Date.now();\n");
    const { code, stderr } = await run();
    assertEquals(code, 1);
    assertMatch(stderr, /src\/base\/ids\.ts:2: platform-name: Date\.now/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("what is loaded on the way, simulated time is told of", () => {
  const late = `const { x } = await import("./late.ts");`;
  const files = tree({
    "src/broker/a.ts": `import { b } from "./b.ts";\n${late}`,
    "src/broker/b.ts": `import { loading } from "../base/loading.ts";\n` +
      `export const b = loading(import("./late.ts"));`,
    "src/broker/late.ts": ``,
    "src/broker/a_test.ts": late,
    "src/cli/a.ts": late,
    "src/base/loading.ts": ``,
  });
  assertEquals(places(checkLoading(files)), ["src/broker/a.ts:2 loading"]);
});

Deno.test("one import that is told of does not stand for another of its file", () => {
  const files = tree({
    "src/client/mod.ts": `import { loading } from "../base/loading.ts";\n` +
      `export const a = () => loading(import("./a.ts"));\n` +
      `export const b = () => import("./b.ts");\n`,
  });
  assertEquals(places(checkLoading(files)), ["src/client/mod.ts:3 loading"]);
});

Deno.test("a start loads nothing that is to be loaded later, by whichever way", () => {
  const files = tree({
    "src/main.ts": `import { a } from "./cli/a.ts";\nawait import("./client/mod.ts");`,
    "src/cli/a.ts": `import type { C } from "../client/mod.ts";\nexport * from "./b.ts";`,
    "src/cli/b.ts": `import { c } from "../client/mod.ts";`,
    "src/cli/late.ts": `import { c } from "../client/mod.ts";`,
    "src/client/mod.ts": ``,
  });
  assertEquals(places(checkLate(files)), ["src/cli/b.ts:1 late"]);
});
