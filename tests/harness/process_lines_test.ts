import { assert, assertEquals, assertRejects } from "@std/assert";
import { untilAnswered, within } from "./deadline.ts";
import { ProcessLines, run } from "./process_lines.ts";

const command = Deno.execPath();

/** Long enough for a process to start on a busy machine. */
const ms = 30_000;

Deno.test("a process is read line by line, the last one without its newline", async () => {
  const lines: string[] = [];
  const script = `console.log("one\\ntwo"); console.error("three"); Deno.stdout.writeSync(
    new TextEncoder().encode("four"))`;
  const child = new ProcessLines({
    command,
    args: ["eval", script],
    onLine: (line, source) => lines.push(`${source}: ${line}`),
  });
  const { code, stdout } = await within(child.finished, { ms, what: () => "its end" });
  assertEquals(code, 0);
  assertEquals(stdout, "one\ntwo\nfour");
  assertEquals(lines.sort(), ["stderr: three", "stdout: four", "stdout: one", "stdout: two"]);
});

Deno.test("a process gets its input and its end", async () => {
  const script = `console.log((await new Response(Deno.stdin.readable).text()).length)`;
  const { stdout } = await run({
    command,
    args: ["eval", script],
    input: "x".repeat(300_000),
    withinMs: ms,
  });
  assertEquals(stdout, "300000\n");
});

Deno.test("a run that fails says what the process wrote", async () => {
  const script = `console.error("no such thing"); Deno.exit(3)`;
  const failed = () => run({ command, args: ["eval", script], withinMs: ms });
  const error = await assertRejects(failed, Error, "exit code 3");
  assert(error.message.includes("no such thing"), error.message);
});

Deno.test("a process that ignores SIGTERM is killed, and that is an error", async () => {
  const script = `Deno.addSignalListener("SIGTERM", () => {}); console.log("ready");
    setInterval(() => {}, 1000)`;
  const ready = Promise.withResolvers<void>();
  const child = new ProcessLines({
    command,
    args: ["eval", script],
    onLine: () => ready.resolve(),
  });
  await within(ready.promise, { ms, what: () => "its first line" });
  await assertRejects(() => child.stop(50), Error, "SIGTERM");
  assertEquals((await child.finished).signal, "SIGKILL");
  assert(child.ended, "it has ended");
});

Deno.test("a wait in time leaves no timer, one that is late says for what", async () => {
  assertEquals(await within(Promise.resolve(7), { ms: 60_000, what: () => "seven" }), 7);
  const never = new Promise<never>(() => {});
  await assertRejects(
    () => within(never, { ms: 10, what: () => "a thing" }),
    Error,
    "not within 10 ms: a thing",
  );
});

Deno.test("an attempt is repeated until it is answered, or the time is over", async () => {
  let attempts = 0;
  const third = () => ++attempts === 3 ? Promise.resolve("yes") : Promise.reject(new Error("no"));
  assertEquals(await untilAnswered(third, 60_000), "yes");
  await assertRejects(
    () => untilAnswered(() => Promise.reject(new Error("never")), 0),
    Error,
    "never",
  );
});

Deno.test("an interactive process answers line by line, and ends with its input", async () => {
  const answered = Promise.withResolvers<string>();
  const child = new ProcessLines({
    command: "cat",
    args: [],
    interactive: true,
    onLine: (line) => answered.resolve(line),
  });
  child.send("hello");
  assertEquals(await within(answered.promise, { ms, what: () => "an echo" }), "hello");
  child.endInput();
  assertEquals((await within(child.finished, { ms, what: () => "its end" })).code, 0);
});
