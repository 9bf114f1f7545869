import { assertEquals, assertMatch } from "@std/assert";
import { parseSource } from "./source.ts";
import { checkHouse, checkTidy } from "./tidy.ts";

/** `line rule` of each violation in one file. */
function breaches(text: string, path = "src/log/a.ts"): string[] {
  return checkTidy([parseSource(path, text)]).map(({ line, rule }) => `${line} ${rule}`);
}

const body = (lines: number): string => "  run();\n".repeat(lines);

Deno.test("a file with a header and short functions is tidy", () => {
  assertEquals(breaches(`// The idea.\n\nexport function a(): void {\n${body(67)}}\n`), []);
});

Deno.test("each rule names the line that breaks it", () => {
  const cases: [string, string][] = [
    ["export const a = 1;\n", "1 header"],
    [`// h\nconst a = "${"x".repeat(100)}";\n`, "2 columns"],
    [`// h\n${"run();\n".repeat(600)}`, "601 file-length"],
    [`// h\nfunction a(): void {\n${body(68)}}\n`, "2 function-length"],
    ["// h\nexport function a(b: B, c: C, d: D, e: E, f: F): void {}\n", "2 parameters"],
    ["// h\nexport enum A {}\n", "2 syntax"],
    ["// h\nnamespace A {}\n", "2 syntax"],
    ["// h\nexport default 1;\n", "2 syntax"],
    ["// h\nexport default function a() {}\n", "2 syntax"],
    ["// h\nclass A {\n  private b = 1;\n}\n", "3 syntax"],
    ["// h\nclass A extends B {}\n", "2 syntax"],
    ["// h\n// TO" + "DO: later\n", "2 unfinished"],
    ['// h\nconst a = "/ho' + 'me/me/a";\n', "2 machine-path"],
  ];
  for (const [text, expected] of cases) assertEquals(breaches(text), [expected], text);
});

Deno.test("tests need no header and may be long, but may not be focused or skipped", () => {
  const test = `Deno.test("a", () => {\n${body(80)}});\n`;
  assertEquals(breaches(test, "src/log/a_test.ts"), []);
  assertEquals(breaches(`Deno.test.only("a", () => {});\n`, "src/log/a_test.ts"), [
    "1 focused-test",
  ]);
  assertEquals(breaches(`describe.skip("a", () => {});\n`, "tests/a_test.ts"), ["1 focused-test"]);
});

Deno.test("tests tell no wall time, and wait for no luck", () => {
  const of = (text: string, path = "tests/integration/a_test.ts") => breaches(text, path);
  assertEquals(of("const began = performance.now();\n"), ["1 wall-time"]);
  assertEquals(of("setTimeout(resolve, 700);\n"), ["1 wall-time"]);
  assertEquals(of("setTimeout(resolve);\nsetTimeout(resolve, 0);\n"), []);
  assertEquals(of("const began = performance.now();\n", "tests/harness/deadline.ts"), []);
});

Deno.test("nothing is decided by the text of an error", () => {
  const of = (text: string) => breaches(`// h\n${text}\n`, "src/cli/a.ts");
  for (
    const text of [
      'if (error.message.includes("in use")) retry();',
      "if (/gone$/.test(error.message)) retry();",
      'if (messageOf(error).startsWith("cannot")) retry();',
      'const { message } = error; if (message === "gone") retry();',
      'switch (error.message) { case "gone": retry(); }',
      "const why = message.match(/because (.*)/);",
    ]
  ) assertEquals(of(text), ["2 message-text"], text);
  for (
    const text of [
      "note(`ottla: ${error.message}`);",
      'if (error.kind === "Closed") retry();',
      "if (previous.message === next.message) count++;",
      'throw new Error("no: " + error.message);',
    ]
  ) assertEquals(of(text), [], text);
  const adapter = "// h\nif (/gone$/.test(error.message)) retry();\n";
  assertEquals(breaches(adapter, "src/runtime/platform_faults.ts"), []);
});

Deno.test("what others have named is printed as text that steers no terminal", () => {
  const of = (text: string, path = "src/cli/a.ts") => breaches(`// h\n${text}\n`, path);
  for (
    const text of [
      "context.out(topic);",
      "context.out(`Topic ${topic}\n`);",
      'context.out(escaped(topic) + " of " + group);',
      'context.out(names.map(escaped).join(", "));',
      "context.out(isOne ? escaped(name) : name);",
      "runtime.process.stderr(`${error.message}\n`);",
    ]
  ) assertEquals(of(text), ["2 printed"], text);
  for (
    const text of [
      'context.out("There are no topics.");',
      "context.out(`Topic ${escaped(topic)}\n` + renderTable(header, rows));",
      "context.out(escapedJson(JSON.stringify(value)));",
      "context.note(`Deleted topic ${topic}.`);",
      "const { out } = context;",
    ]
  ) assertEquals(of(text), [], text);
  assertEquals(of("process.stdout(text);", "src/cli/context.ts"), []);
});

Deno.test("a long data table is no breach", () => {
  const long = `// h\n${"run();\n".repeat(700)}`;
  assertEquals(breaches(long, "src/protocol/apis/01_fetch.ts"), []);
  assertEquals(breaches(long, "src/broker/config/broker_table.ts"), []);
});

Deno.test("names that say nothing are refused in files and folders", () => {
  for (const path of ["src/log/utils.ts", "src/common/a.ts", "src/log/file_helper.ts"]) {
    assertEquals(breaches("// h\n", path), ["1 file-name"], path);
  }
});

Deno.test("errors may be extended and interfaces may extend interfaces", () => {
  assertEquals(breaches("// h\nclass A extends Error {}\ninterface B extends C {}\n"), []);
});

Deno.test("pins are exact, mirrored, and lock files name no host", () => {
  const specifiers = { "npm:@a/b@1.2.3": "1.2.3" };
  const house = (
    { imports, ...deno }: { version: string; imports: Record<string, string> },
    node: unknown,
    { lock = "{}", start = { specifiers } as unknown } = {},
  ) =>
    checkHouse(
      new Map([
        ["deno.json", JSON.stringify(deno, null, 2)],
        ["imports.json", JSON.stringify({ imports }, null, 2)],
        ["start.lock", JSON.stringify(start, null, 2)],
        ["package.json", JSON.stringify(node, null, 2)],
        ["deno.lock", lock],
      ]),
    ).map(({ path, line, message }) => `${path}:${line} ${message}`);
  const node = { version: "1.0.0", dependencies: { "@a/b": "1.2.3" } };
  const deno = { version: "1.0.0", imports: { "@a/b": "npm:@a/b@1.2.3/x.js" } };
  assertEquals(house(deno, node), []);
  assertEquals(house({ ...deno, imports: { "@a/b": "npm:@a/b@^1.2.3" } }, node), [
    "start.lock:3 a broker does not need npm:@a/b@1.2.3",
    "imports.json:3 @a/b is not pinned exactly",
    "package.json:4 not as in imports.json: @a/b ^1.2.3",
  ]);
  assertEquals(house({ ...deno, version: "1.0.1" }, node), ["package.json:2 not 1.0.1"]);
  assertEquals(house({ ...deno, imports: {} }, node), [
    "start.lock:3 a broker does not need npm:@a/b@1.2.3",
    "package.json:4 @a/b is not in imports.json",
  ]);
  const renamed = { ...deno, imports: { "@std/b": "npm:@a/b@1.2.3/x.js" } };
  assertEquals(house(renamed, node), [
    "tsconfig.json:1 not as in imports.json: @std/b is ./node_modules/@a/b/x.js",
  ]);
  assertEquals(house(deno, node, { lock: `{\n"x": "https://example.org/b.tgz"\n}` }), [
    "deno.lock:2 a lock file names no host",
  ]);
  assertEquals(house(deno, node, { start: {} }), [
    "start.lock:1 not as in imports.json: @a/b 1.2.3",
  ]);
  const forTests = { ...node, devDependencies: {} };
  assertEquals(house(deno, forTests), [
    "package.json:6 what tests need is in peerDependencies",
  ]);
});

Deno.test("the script exits 1 on a tree with a violation and 0 without", async () => {
  const root = await Deno.makeTempDir();
  const script = new URL("tidy.ts", import.meta.url).pathname;
  const run = () =>
    new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, root], stderr: "piped" })
      .output();
  try {
    await Deno.writeTextFile(`${root}/a.ts`, "// The idea.\nexport const a = 1;\n");
    assertEquals((await run()).code, 0);
    await Deno.writeTextFile(`${root}/a.ts`, "// The idea.\nexport default 1;\n");
    const { code, stderr } = await run();
    assertEquals(code, 1);
    assertMatch(new TextDecoder().decode(stderr), /a\.ts:2: syntax: no default export/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
