import { assertEquals, assertRejects } from "@std/assert";
import { GroupWatch } from "./group_watch.ts";
import { ProcessDriver } from "./process_driver.ts";

/** A client in a line of the shell's language: it answers what it was made to answer. */
function scripted(...lines: string[]): Promise<ProcessDriver> {
  const ready = `echo '{"event":"ready","version":"1.0"}'`;
  const answers = lines.map((line) => `read command; echo '${line}'`);
  const args = ["-c", [ready, ...answers, "cat > /dev/null"].join("; ")];
  return ProcessDriver.start({ command: "sh", args }, { bootstrap: "127.0.0.1:9092" });
}

Deno.test("a process driver hands answers to those who asked", async () => {
  const driver = await scripted(`{"id":1,"result":["a","b"]}`, `{"id":2,"error":"refused"}`);
  assertEquals(driver.version, "1.0");
  assertEquals(await driver.listTopics(), ["a", "b"]);
  await assertRejects(() => driver.deleteTopic("a"), Error, "refused");
  await driver.close();
});

Deno.test("a process driver tells a member's events to its watch", async () => {
  const saw = `{"event":"saw","member":"one","value":"v"}`;
  const driver = await scripted(`{"id":1}`, `${saw}'; echo '{"id":2}`);
  const watch = new GroupWatch({ withinMs: 5000 });
  await driver.join("one", { group: "g", topic: "t", watch, sessionTimeoutMs: 1000 });
  await driver.listTopics();
  await watch.untilSeen(["v"]);
  await driver.close();
});

Deno.test("a process driver rejects what a dead client cannot answer, with its words", async () => {
  const args = ["-c", `echo '{"event":"ready","version":"1.0"}'; read x; echo oh no >&2; exit 3`];
  const driver = await ProcessDriver.start({ command: "sh", args }, { bootstrap: "" });
  await assertRejects(() => driver.listTopics(), Error, "code 3\noh no");
});
