// Whose lines go where. LogTape is one for the process, so this is one story.

import { assertEquals, assertFalse } from "@std/assert";
import { createLogging } from "./logging.ts";

Deno.test("lines go to sinks that the program has configured by LogTape, or to us", async () => {
  const written: string[] = [];
  const logging = createLogging({
    clock: { now: () => 0, monotonic: () => 0 },
    write: (text) => written.push(text),
    hasColor: () => false,
  });
  const logger = logging.logger({ format: "text", level: "info" }).child("log");
  logger.log("info", "nobody else listens");
  assertEquals(written, ["1970-01-01T00:00:00.000Z INFO  log     nobody else listens\n"]);
  assertFalse(Symbol.for("logtape.rootLogger") in globalThis, "LogTape is loaded for nobody");

  const { configureSync, getLogger, resetSync } = await import("@logtape/logtape");
  getLogger("of the program's own");
  const text = Promise.withResolvers<string>();
  const untaken = createLogging({
    clock: { now: () => 0, monotonic: () => 0 },
    write: text.resolve,
    hasColor: () => false,
  });
  untaken.logger({ format: "json", level: "info" }).log("info", "nothing is configured");
  assertEquals(JSON.parse(await text.promise).message, "nothing is configured");

  const taken = Promise.withResolvers<readonly unknown[]>();
  configureSync({
    sinks: { program: ({ category, level, message }) => taken.resolve([category, level, message]) },
    loggers: [
      { category: "ottla", sinks: ["program"] },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: null },
    ],
  });
  try {
    logger.log("warn", "the program listens");
    assertEquals(await taken.promise, [["ottla", "log"], "warning", ["the program listens"]]);
    assertEquals(written.length, 1);
  } finally {
    resetSync();
  }
});
