// Brings the clients that are programs in other languages, each by its own language's means and
// at the versions that its lock file pins, into .cache/clients/. What a machine has no toolchain
// for is skipped with a reason.
//
//   python/requirements.txt ─ venv, pip ──> .cache/clients/python/     (one stamp: the pins)
//   go/go.sum, *.go ───────── go build ───> .cache/clients/go/         (the tool's own cache)
//   rust/Cargo.lock, *.rs ─── cargo build ─> .cache/clients/rust/      (likewise)
//   java/Client.java ──────── javac ──────> .cache/clients/java/       (one stamp: the source)
//
// Invariant: test files run at the same time, and one of them at a time installs a language.

import { messageOf } from "../../../src/base/faults.ts";
import { run } from "../../harness/process_lines.ts";
import { fetchJars } from "../java/fetch.ts";
import { reasonToSkip } from "../java/installed.ts";
import type { ClientProgram } from "../process_driver.ts";

/** A program that can be started, or the reason why it cannot. */
export type Installed =
  | { readonly program: ClientProgram; readonly skip?: undefined }
  | { readonly program?: undefined; readonly skip: string };

const sources = new URL("./", import.meta.url).pathname;
const cache = new URL("../../../.cache/clients/", import.meta.url).pathname;
const installWithinMs = 600_000;

/** `python/<name>.py`. */
export function pythonProgram(name: string): Promise<Installed> {
  const folder = `${cache}python`;
  const program = { command: `${folder}/bin/python`, args: ["-B", `${sources}python/${name}.py`] };
  return installed({ language: "python", tool: "python3", version: "--version" }, async () => {
    const pins = `${sources}python/requirements.txt`;
    await stamped(folder, await Deno.readTextFile(pins), async () => {
      await must("python3", ["-m", "venv", folder]);
      await must(`${folder}/bin/pip`, ["install", "--quiet", "--no-deps", "-r", pins]);
    });
    return program;
  });
}

/** `go/<name>/`. */
export function goProgram(name: string): Promise<Installed> {
  const program = { command: `${cache}go/${name}`, args: [] };
  return installed({ language: "go", tool: "go", version: "version" }, async () => {
    await Deno.mkdir(`${cache}go`, { recursive: true });
    const args = ["build", "-buildvcs=false", "-o", `${cache}go/`, `./${name}`];
    await must("go", args, `${sources}go`);
    return program;
  });
}

/** The one package in `rust/`. */
export function rustProgram(name: string): Promise<Installed> {
  const target = `${cache}rust`;
  const program = { command: `${target}/release/${name}`, args: [] };
  return installed({ language: "rust", tool: "cargo", version: "--version" }, async () => {
    const args = ["build", "--release", "--locked", "--quiet", "--target-dir", target];
    await must("cargo", args, `${sources}rust`);
    return program;
  });
}

/** `java/Client.java`, with the jars of Kafka's own tools. */
export async function javaProgram(): Promise<Installed> {
  const skip = await reasonToSkip();
  if (skip !== undefined) return { skip };
  return await installed({ language: "java", tool: "javac", version: "-version" }, async () => {
    const jars = await fetchJars();
    const folder = `${cache}java`;
    const source = `${sources}java/Client.java`;
    await stamped(folder, await Deno.readTextFile(source), async () => {
      await must("javac", ["-cp", `${jars}*`, "-d", folder, source]);
    });
    const log4j = new URL("../java/log4j2.properties", import.meta.url).pathname;
    const options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    options.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${folder}:${jars}*`);
    return { command: "java", args: [...options, "Client"] };
  });
}

async function installed(
  o: { language: string; tool: string; version: string },
  install: () => Promise<ClientProgram>,
): Promise<Installed> {
  try {
    await run({ command: o.tool, args: [o.version], withinMs: 60_000 });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { skip: `${o.tool} is not installed` };
    throw error;
  }
  await Deno.mkdir(cache, { recursive: true });
  using lock = await Deno.open(`${cache}${o.language}.lock`, { create: true, write: true });
  await lock.lock(true);
  try {
    return { program: await install() };
  } catch (error) {
    return { skip: `it could not be installed: ${messageOf(error)}` };
  }
}

/** Fills `folder` unless it was filled with these contents in mind. */
async function stamped(folder: string, stamp: string, fill: () => Promise<void>): Promise<void> {
  const path = `${folder}/stamp`;
  const last = await Deno.readTextFile(path).catch(() => "");
  if (last === stamp) return;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.remove(folder, { recursive: true });
  await Deno.mkdir(folder, { recursive: true });
  await fill();
  await Deno.writeTextFile(path, stamp);
}

async function must(command: string, args: string[], cwd?: string): Promise<void> {
  await run({ command, args, ...(cwd === undefined ? {} : { cwd }), withinMs: installWithinMs });
}
