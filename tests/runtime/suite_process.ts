// The part of the ports suite that needs a real process: output, signals, input, the lock of a
// process that was killed. It starts tests/runtime/child.ts on the runtime that runs the suite.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { check, fails, type SubjectOptions } from "./subject.ts";

const childPath = fileURLToPath(new URL("./child.ts", import.meta.url));
const runArguments = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];

function start(...command: string[]): ChildProcess {
  return spawn(process.execPath, [...runArguments, childPath, ...command]);
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk) => out += chunk);
  child.stderr!.setEncoding("utf8").on("data", (chunk) => err += chunk);
  const [code] = await once(child, "close");
  return { code, out, err };
}

/** The first output of a child. */
async function firstOutput(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout!, "data");
  return String(chunk);
}

export function processSuite(options: SubjectOptions): void {
  check("standard output is whole before the process ends", options, async () => {
    const { code, out, err } = await ended(start("write"));
    assert.equal(code, 3);
    assert.equal(err, "written\n");
    const lines = out.split("\n");
    assert.equal(lines.length, 51);
    assert.ok(lines.slice(0, 50).every((line, i) => line === `${i} ${"x".repeat(20_000)}`));
  });

  check("garbage is collected when somebody asks for it", options, async () => {
    const { code, out, err } = await ended(start("garbage"));
    assert.deepEqual([code, err], [0, ""]);
    // An engine may take what it finds on the stack for something that somebody still needs.
    assert.ok(Number(out) > 900, `${out} of 1000 were found`);
  });

  check("log lines come in order, in their form, on standard error", options, async () => {
    const { code, out, err } = await ended(start("log"));
    assert.equal(code, 0);
    assert.equal(out, "");
    const lines = err.trimEnd().split("\n");
    assert.equal(lines.length, 3, err);
    const { time, ...first } = JSON.parse(lines[0]);
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const said = { level: "info", part: "log", message: "First.", path: "/data", count: 2 };
    assert.deepEqual(first, said);
    assert.equal(JSON.parse(lines[1]).part, "log.recovery");
    assert.match(lines[2], /^\S+Z ERROR Third\. text="a\\nb"$/);
  });

  check("a line logged just before the end is not lost", options, async () => {
    const { err } = await ended(start("log and exit"));
    assert.match(err, /^\S+Z INFO {2}Last words\.\n$/);
  });

  check("a signal reaches its handler", options, async () => {
    const child = start("signal");
    const ending = ended(child);
    assert.equal(await firstOutput(child), "ready\n");
    // Not child.kill: after that, Deno's node:child_process reports a signal whatever the exit
    // code.
    process.kill(child.pid!, "SIGTERM");
    assert.deepEqual(await ending, { code: 0, out: "ready\nstopping\n", err: "" });
  });

  check("standard input comes as it is, and goes out so", options, async () => {
    const child = start("input");
    const ending = ended(child);
    const long = "é".repeat(100_000);
    child.stdin!.end(`one\r\n\n${long}\nlast`);
    assert.equal((await ending).out, `one\r\n\n${long}\nlast`);
  });

  check("a standard input that cannot be read says so", options, async ({ folder }) => {
    const command = [process.execPath, ...runArguments, childPath, "input"];
    const words = ["-c", 'folder="$1"; shift; exec "$@" < "$folder"', "sh", folder, ...command];
    const { code, out } = await ended(spawn("sh", words));
    assert.equal(code, 0);
    // Node takes what it does not know for an empty input.
    const isTold = "Deno" in globalThis || "Bun" in globalThis;
    assert.match(out, isTold ? /^standard input: cannot read standard input: / : /^$/);
  });

  check("a lock outlives nothing: a killed holder's folder is free", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const child = start("lock", folder);
    const ending = once(child, "close");
    assert.equal(await firstOutput(child), `locked by ${child.pid}\n`);
    const message = await fails("Denied", () => files.lock(folder));
    assert.ok(message.includes(`process ${child.pid}`), message);
    child.kill("SIGKILL");
    await ending;
    files.lock(folder).release();
    assert.deepEqual(readdirSync(folder), []);
  });

  check("a stale or foreign lock record is taken over, a live one is not", options, async (s) => {
    const { runtime: { files }, folder } = s;
    const record = { processId: process.ppid, startTicks: null, bootId: null, instance: "x" };
    const stale = [
      "",
      "no record\n",
      JSON.stringify({ ...record, processId: 2 ** 22 + 1, kernel: false }),
      JSON.stringify({ ...record, startTicks: 1, kernel: false }),
      JSON.stringify({ ...record, bootId: "another boot", kernel: false }),
      JSON.stringify({ ...record, processId: process.pid, kernel: false }),
    ];
    for (const text of stale) {
      writeFileSync(`${folder}/.lock`, text);
      files.lock(folder).release();
    }
    writeFileSync(`${folder}/.lock`, JSON.stringify({ ...record, kernel: false }));
    await fails("Denied", () => files.lock(folder));
    assert.deepEqual(readdirSync(folder), [".lock"]);
  });
}
