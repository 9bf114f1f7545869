import { assertEquals } from "@std/assert";
import { FailingFiles } from "../../../tests/harness/failing_files.ts";
import { utf8 } from "../../base/bytes.ts";
import { PlatformFault, UsageFault } from "../../base/faults.ts";
import { writeWholeFile } from "../../log/files/whole_file.ts";
import type { HttpAnswer } from "../../runtime/ports.ts";
import { simulate } from "../../runtime/simulated.ts";
import { Jwks, type JwksOptions } from "./jwks.ts";

const second = 1_000;

/** Keys that are their text; "torn" is none. The library that reads them has to be loaded. */
async function parse(text: string): Promise<string> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  if (text === "torn") throw new UsageFault("torn");
  return text;
}

function rig(url: string, ask: () => Promise<HttpAnswer> = () => Promise.reject()) {
  const world = simulate(1);
  const machine = world.start("broker");
  const files = new FailingFiles(machine.files);
  const options: JwksOptions<string> = {
    url,
    parse,
    refresh: { everyMs: 3_600 * second, retryMs: second, retryMsMax: 8 * second },
    trusted: undefined,
    files: files.files,
    http: { ask },
    timers: machine.timers,
    monotonic: () => machine.clock.monotonic(),
    logger: machine.logger({ format: "text", level: "error" }),
  };
  const write = (text: string) => writeWholeFile(machine.files, "/jwks", utf8(text));
  return { world, files, write, jwks: new Jwks(options) };
}

Deno.test("keys of a file are there for everybody who comes while it is read", async () => {
  const { jwks, write } = rig("file:/jwks");
  write("first");
  assertEquals(await Promise.all([jwks.keys(), jwks.keys(), jwks.keys()]), Array(3).fill("first"));
  write("the second");
  assertEquals(await Promise.all([jwks.keys(), jwks.keys()]), Array(2).fill("the second"));
});

Deno.test("known keys hold on while their file cannot be read, and no longer", async () => {
  const { jwks, files, write } = rig("file:/jwks");
  write("first");
  assertEquals(await jwks.keys(), "first");
  // It cannot even be looked at: a folder above it is closed.
  files.arm({ at: 1, kind: "Io", about: (path) => path === "/jwks" });
  assertEquals(await jwks.keys(), "first");
  assertEquals(files.failed, "stat /jwks");
  write("the second");
  files.arm({ at: 2, kind: "Io", about: (path) => path === "/jwks" });
  assertEquals([await jwks.keys(), files.failed], ["first", "open to read /jwks"]);
  assertEquals(await jwks.keys(), "the second");
  write("torn");
  assertEquals(await jwks.keys(), "the second");
});

Deno.test("a provider that fails is not asked by every client that comes", async () => {
  let asked = 0;
  let answer = (): Promise<HttpAnswer> =>
    Promise.reject(new PlatformFault("Refused", "nobody listens there"));
  const { jwks, world } = rig("http://provider/jwks", () => {
    asked++;
    return answer();
  });
  for (let i = 0; i < 50; i++) assertEquals(await jwks.keys(), undefined);
  assertEquals(asked, 1);
  answer = () => Promise.resolve({ status: 200, body: utf8("first") });
  await world.run(2 * second);
  assertEquals([await jwks.keys(), asked], ["first", 2]);
  jwks.close();
});
