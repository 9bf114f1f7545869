// Brings the clients that are programs in other languages, each by its own language's means and
// at the versions that its lock file pins, into .cache/clients/. What a machine has no toolchain
// for is skipped with a reason; what a toolchain fails to bring is a failure.
//
//   python/requirements.txt ─ venv, pip ──> .cache/clients/python/     (one stamp: the pins)
//   go/go.sum, *.go ───────── go build ───> .cache/clients/go/         (the tool's own cache)
//   rust/Cargo.lock, *.rs ─── cargo build ─> .cache/clients/rust/      (likewise)
//   node/package-lock.json ── npm ci ─────> .cache/clients/node/       (one stamp: the lock)
//   java/Client.java ──────── javac ──────> .cache/clients/java/       (one stamp: the source)
//
// Invariant: test files run at the same time, and one of them at a time installs a language.

import { messageOf } from "../../../src/base/faults.ts";
import { run } from "../../harness/process_lines.ts";
import { fetchJars } from "../java/fetch.ts";
import { javaAbsence } from "../java/installed.ts";
import type { ClientProgram } from "../process_driver.ts";
import type { Absence } from "../suite.ts";
import { notInstalled } from "./absence.ts";

/** A program that can be started, or why it cannot. */
export type Installed =
  | { readonly program: ClientProgram; readonly absent?: undefined }
  | { readonly program?: undefined; readonly absent: Absence };

const sources = new URL("./", import.meta.url).pathname;
const cache = new URL("../../../.cache/clients/", import.meta.url).pathname;
const installWithinMs = 600_000;

/** `python/<name>.py`. */
export function pythonProgram(name: string): Promise<Installed> {
  const folder = `${cache}python`;
  const program = { command: `${folder}/bin/python`, args: ["-B", `${sources}python/${name}.py`] };
  return installed({ language: "python", tools: [["python3", "--version"]] }, async () => {
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
  return installed({ language: "go", tools: [["go", "version"]] }, async () => {
    await Deno.mkdir(`${cache}go`, { recursive: true });
    const args = ["build", "-buildvcs=false", "-o", `${cache}go/`, `./${name}`];
    await must("go", args, { cwd: `${sources}go` });
    return program;
  });
}

/** The one package in `rust/`. */
export function rustProgram(name: string): Promise<Installed> {
  const target = `${cache}rust`;
  const program = { command: `${target}/release/${name}`, args: [] };
  return installed({ language: "rust", tools: [["cargo", "--version"]] }, async () => {
    const args = ["build", "--release", "--locked", "--quiet", "--target-dir", target];
    await must("cargo", args, { cwd: `${sources}rust` });
    return program;
  });
}

/** What npm needs where it has to compile an addon. */
const compilers: Tools = [["make", "--version"], ["c++", "--version"], ["python3", "--version"]];

/**
 * `node/<name>.js`, for the machine's own Node. Its addon comes as a binary from GitHub or is built
 * here: with the libraries of the machine, and with the headers that are beside Node.
 */
export function nodeProgram(name: string): Promise<Installed> {
  const folder = `${cache}node`;
  const program = { command: "node", args: [`${sources}node/${name}.js`, folder] };
  const tools: Tools = [["node", "--version"], ["npm", "--version"]];
  return installed({ language: "node", tools, hindrance: whyNotCompiled }, async () => {
    const lock = `${sources}node/package-lock.json`;
    const { stdout } = await run({ command: "node", args: ["-v"], withinMs: 60_000 });
    await stamped(folder, stdout + await Deno.readTextFile(lock), async () => {
      for (const file of ["package.json", "package-lock.json"]) {
        await Deno.copyFile(`${sources}node/${file}`, `${folder}/${file}`);
      }
      const headers = await nodeHeaders();
      await must("npm", ["ci", "--no-audit", "--no-fund"], {
        cwd: folder,
        env: { CKJS_LINKING: "dynamic", ...(headers ? { npm_config_nodedir: headers } : {}) },
      });
    });
    return program;
  });
}

async function whyNotCompiled(): Promise<string | undefined> {
  const missing = await firstMissing(compilers);
  if (missing !== undefined) return missing;
  return await nodeHeaders() === undefined ? "Node's headers are not beside it" : undefined;
}

/** The folder above Node's own `include/node`, where there is one. */
async function nodeHeaders(): Promise<string | undefined> {
  const args = ["-p", "path.resolve(process.execPath, '../..')"];
  const folder = (await run({ command: "node", args, withinMs: 60_000 })).stdout.trim();
  const header = await Deno.stat(`${folder}/include/node/node.h`).catch(() => undefined);
  return header === undefined ? undefined : folder;
}

/** `java/Client.java`, with the jars of Kafka's own tools. */
export async function javaProgram(): Promise<Installed> {
  const absent = await javaAbsence();
  if (absent !== undefined) return { absent };
  return await installed({ language: "java", tools: [["javac", "-version"]] }, async () => {
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

/** The tools that an installation needs, each with the arguments that make it say its version. */
type Tools = readonly (readonly [tool: string, version: string])[];

/** `hindrance` tells why a failure to install may be the machine's, and not the client's. */
async function installed(
  o: { language: string; tools: Tools; hindrance?: () => Promise<string | undefined> },
  install: () => Promise<ClientProgram>,
): Promise<Installed> {
  const missing = await firstMissing(o.tools);
  if (missing !== undefined) return { absent: notInstalled("skipped", missing) };
  await Deno.mkdir(cache, { recursive: true });
  using lock = await Deno.open(`${cache}${o.language}.lock`, { create: true, write: true });
  await lock.lock(true);
  try {
    return { program: await install() };
  } catch (error) {
    const hindrance = await o.hindrance?.();
    return {
      absent: hindrance === undefined
        ? notInstalled("fail", messageOf(error))
        : notInstalled("skipped", `${hindrance}: ${messageOf(error)}`),
    };
  }
}

async function firstMissing(tools: Tools): Promise<string | undefined> {
  for (const [tool, version] of tools) {
    try {
      await run({ command: tool, args: [version], withinMs: 60_000 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${tool} is not installed`;
    }
  }
  return undefined;
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

async function must(
  command: string,
  args: string[],
  where: { cwd?: string; env?: Record<string, string> } = {},
): Promise<void> {
  await run({ command, args, ...where, withinMs: installWithinMs });
}
