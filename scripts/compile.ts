// Builds the single executable: deno task compile [--with deno|bun] [--output dist/ottla]
// For another system, by Deno alone: [--target x86_64-pc-windows-msvc], as deno compile names them.
//
//   deno compile            needs Deno's base binary, which it downloads once from Deno's own site
//     | fails or is slow
//     v
//   bun build --compile     needs nothing but the npm package `bun`, which carries everything
//
// Both take the same src/main.ts, so the program is the same; only the runtime inside differs, and
// the ready line of `ottla start` names it. What was built, and by which, is printed.

import { missing } from "../src/base/items.ts";
import { taskFlags } from "./task_flags.ts";

const bunVersion = "1.4.4";
const entry = "src/main.ts";
const root = new URL("..", import.meta.url).pathname;

/**
 * Bytecode halves the start (to the first answer: 25 ms instead of 58, measured). What is imported
 * when it is needed is a file of its own inside the binary (splitting), which no start reads:
 * 3 MB less at rest, and a third less of the processor. Minifying would gain nothing more, and it
 * would spoil stack traces; nor do --smol and bytecode in the order of a start (--bytecode-order):
 * 57 to 64 ms of CPU to the first answer and 46 to 47 MB at rest, with and without. No file beside
 * the binary is obeyed.
 */
const bunFlags = [
  "--compile",
  "--format=esm",
  "--bytecode",
  "--splitting",
  "--sourcemap=none",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** A download that takes longer than this is given up for the other way. */
const denoCompileMsMax = 120_000;

/** Runs a command in the checkout, its output shown; whether it ended well. */
async function succeeds(command: readonly string[]): Promise<boolean> {
  console.log(`$ ${command.join(" ")}`);
  try {
    const [program = missing(), ...args] = command;
    const child = new Deno.Command(program, { args, cwd: root });
    return (await child.spawn().status).success;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** What a command prints, trimmed; undefined when it cannot be run. */
async function outputOf(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Builds with `deno compile`; why not, in one line, where that does not work. */
async function compileWithDeno(output: string, target?: string): Promise<string | undefined> {
  const system = target === undefined ? [] : ["--target", target];
  const args = [
    "compile",
    "--no-check",
    "--lock=start.lock",
    "--allow-all",
    ...system,
    "--output",
    output,
    entry,
  ];
  console.log(`$ deno ${args.join(" ")}`);
  const signal = AbortSignal.timeout(denoCompileMsMax);
  const options = { args, cwd: root, signal, env: { NO_COLOR: "1" } };
  const { success, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  if (success) return undefined;
  if (signal.aborted) return `it was not done within ${denoCompileMsMax / 1000} s`;
  const said = new TextDecoder().decode(stderr);
  if (said.includes("dl.deno.land")) return "its base binary could not be downloaded";
  return said.match(/^error: (.*)$/m)?.[1] ?? said.trim();
}

/** The command that runs Bun in the pinned version: the installed one, or npm's. */
async function bunCommand(): Promise<string[] | undefined> {
  if (await outputOf("bun", ["--version"]) === bunVersion) return ["bun"];
  if (await outputOf("npx", ["--version"]) !== undefined) return ["npx", "-y", `bun@${bunVersion}`];
  return undefined;
}

/** Whether node_modules has what the program imports, in the pinned versions. */
async function packagesInstalled(): Promise<boolean> {
  const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(`${root}${path}`));
  const { dependencies } = await readJson("package.json");
  for (const [name, version] of Object.entries(dependencies)) {
    const found = await readJson(`node_modules/${name}/package.json`).catch(() => undefined);
    if (found?.version !== version) return false;
  }
  return true;
}

/** Bun resolves packages in node_modules, so they have to be there. */
async function installPackages(bun: readonly string[]): Promise<boolean> {
  if (await packagesInstalled()) return true;
  if (await outputOf("npm", ["--version"]) !== undefined) return succeeds(["npm", "ci"]);
  return succeeds([...bun, "install", "--no-save"]);
}

/** Builds with `bun build --compile`. */
async function compileWithBun(output: string): Promise<boolean> {
  const bun = await bunCommand();
  if (bun === undefined) {
    console.error(`Neither bun ${bunVersion} nor npx is on the PATH: install Node.js or Bun.`);
    return false;
  }
  if (!await installPackages(bun)) return false;
  return succeeds([...bun, "build", ...bunFlags, `--outfile=${output}`, entry]);
}

/** Builds by the wanted way, or by the first that works; the name of what did. */
async function compile(
  output: string,
  { way, target }: { way: string | undefined; target: string | undefined },
): Promise<string | undefined> {
  if (way !== "bun") {
    const problem = await compileWithDeno(output, target);
    if (problem === undefined) return "deno compile";
    const next = way === "deno" ? "." : "; building with Bun instead.";
    console.log(`deno compile did not work here: ${problem}${next}`);
    if (way === "deno") return undefined;
  }
  return await compileWithBun(output) ? "bun build --compile" : undefined;
}

if (import.meta.main) {
  const options = taskFlags(Deno.args, { string: ["with", "output", "target"] });
  const { target } = options;
  const output = options.output ?? "dist/ottla";
  if (![undefined, "deno", "bun"].includes(options.with)) {
    console.error(`--with takes deno or bun, not "${options.with}".`);
    Deno.exit(2);
  }
  if (target !== undefined && options.with !== "deno") {
    console.error("--target is for --with deno.");
    Deno.exit(2);
  }
  await Deno.mkdir(new URL("../dist", import.meta.url), { recursive: true });
  const builder = await compile(output, { way: options.with, target });
  if (builder === undefined) Deno.exit(1);
  const path = output.startsWith("/") ? output : `${root}${output}`;
  const { size } = await Deno.stat(path);
  console.log(`${output}: ${(size / 1e6).toFixed(0)} MB, built with ${builder}`);
}
