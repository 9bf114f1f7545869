import { assertEquals } from "@std/assert";
import { PlatformFault } from "../../base/faults.ts";
import { simulate } from "../../runtime/simulated.ts";
import { traceOutput } from "./trace_output.ts";

Deno.test("a trace that nobody takes any more ends, and the broker hears no fault of it", () => {
  const said: string[] = [];
  const world = simulate(1, { onLogLine: (_, line) => said.push(line) });
  const logger = world.start("server").logger({ level: "info", format: "text" });
  const printed: string[] = [];
  const out = (text: string) => {
    if (printed.length === 2) throw new PlatformFault("Closed", "the other side is gone");
    printed.push(text);
  };
  const trace = traceOutput({ out }, logger);
  for (const line of ["a", "b\x1b[2J", "c", "d"]) trace(line);
  assertEquals(printed, ["a\n", "b\\u001b[2J\n"]);
  assertEquals(said.length, 1, said.join(""));
});
