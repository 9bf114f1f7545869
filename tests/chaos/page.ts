// docs/cluster.md, typed by a machine: its commands in their order, as they stand, on four machines
// that are network namespaces. `deno task page`; needs root, Linux, etcd and etcdctl.
//
//   a block --> sh on the machine that it names --> exit 0, and what the page says of it holds
//           \-- ends in a server: it runs on, until its machine is lost or the story begins anew
//
//   OTTLA_BINARY   the program, as `deno task compile` makes it; otherwise from source
//
// Invariant: every block of the page is in the story, or in `elsewhere` with why it is not.

import { untilAnswered, within } from "../harness/deadline.ts";
import { blocksOf, type PageBlock, typedOn } from "../harness/page_commands.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { Machines } from "./machines.ts";

const page = new URL("../../docs/cluster.md", import.meta.url).pathname;
const commandMsMax = 300_000;
const readyMsMax = 120_000;
const ready = /ready to serve client requests|serving.*client requests|Ottla is listening on/i;
const [one, two, three, four] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] as const;
const hosts: readonly string[] = [one, two, three, four];

/** What the page shows, and others run. */
const elsewhere: Readonly<Record<string, string>> = {
  "start --nodes 3": "tests/integration/start_nodes_test.ts",
  "--unclean": "tests/etcd/status_test.ts: it needs records to be lost",
  "features upgrade": "tests/etcd/versions_test.ts: nothing is newer than the program",
};

/** A command that runs on. */
interface Server {
  readonly host: string;
  readonly kind: "etcd" | "broker";
  readonly process: ProcessLines;
}

class Story {
  readonly #machines: Machines;
  readonly #folder: string;
  readonly #blocks: PageBlock[];
  readonly #servers = new Set<Server>();
  #env: Record<string, string> = {};

  constructor(machines: Machines, { folder, blocks }: { folder: string; blocks: PageBlock[] }) {
    this.#machines = machines;
    this.#folder = folder;
    this.#blocks = blocks.filter(({ script }) =>
      !Object.keys(elsewhere).some((words) => script.includes(words))
    );
  }

  /** What nobody has typed. */
  get left(): readonly PageBlock[] {
    return this.#blocks;
  }

  /** The next block, which is below `heading`; taken again with `isAgain`. */
  next(heading: string): PageBlock {
    const block = this.#blocks.shift();
    if (block?.heading === heading) return block;
    throw new Error(`a block below "${heading}" comes next, not below "${block?.heading}"`);
  }

  /** Types a block where it says, and on the other ones of three if it says so. */
  async type(block: PageBlock): Promise<string> {
    const { host = one, isForAll } = block;
    const places = isForAll ? [one, two, three] : [host];
    const typed = places.map((each) => {
      const id = hosts.indexOf(each) + 1;
      return this.#run(each, each === host ? block.script : typedOn(block, { host: each, id }));
    });
    return (await Promise.all(typed)).join("");
  }

  /** A command of the story's own. */
  async ask(command: string, host: string = one): Promise<string> {
    return await this.#run(host, `${command}\n`);
  }

  async #run(host: string, script: string): Promise<string> {
    console.log(`\n[${host}]\n${script.trimEnd()}`);
    const server = /^(etcd|ottla start) /m.exec(script)?.[1];
    const words = script.replace(/^(?=(etcd|ottla start) )/m, "exec ");
    const [command = "", ...args] = [...this.#machines.on(nameOf(host)), "sh", "-ec", words];
    const up = Promise.withResolvers<void>();
    const process = new ProcessLines({
      command,
      args,
      cwd: `${this.#folder}/${host}`,
      env: { ...this.#env, PATH: `${this.#folder}/bin:${Deno.env.get("PATH")}` },
      onLine: (line) => {
        if (server !== "etcd") console.log(`  ${line}`);
        if (ready.test(line)) up.resolve();
      },
    });
    const ended = process.finished.then(({ code, stdout }) => {
      if (code !== 0) throw new Error(`exit ${code}\n${process.output}`);
      return stdout;
    });
    // Who waits for it hears of it; a server that nobody waits for may end as it likes.
    ended.catch(() => {});
    if (server === undefined) {
      return await within(ended, { ms: commandMsMax, what: () => process.output });
    }
    this.#servers.add({ host, kind: server === "etcd" ? "etcd" : "broker", process });
    const early = process.finished.then(() => {
      throw new Error(`it has ended\n${process.output}`);
    });
    early.catch(() => {});
    await within(Promise.race([up.promise, early]), {
      ms: readyMsMax,
      what: () => `a server\n${process.output}`,
    });
    return "";
  }

  /** What later commands find in their environment, as after `export`. */
  export(env: Record<string, string>): void {
    this.#env = { ...this.#env, ...env };
  }

  /** Servers end: killed where `how` says so, asked to otherwise. */
  async end(
    how: "kill" | "stop",
    { host, kind }: { host?: string; kind?: Server["kind"] } = {},
  ): Promise<void> {
    await Promise.all([...this.#servers].map(async (server) => {
      if (server.host !== (host ?? server.host) || server.kind !== (kind ?? server.kind)) return;
      this.#servers.delete(server);
      if (how === "kill") await server.process.kill();
      else await server.process.stop(readyMsMax);
    }));
  }

  /** Until `cluster status` says that all is well, and this many brokers serve. */
  async untilWell(brokers: number): Promise<void> {
    await untilAnswered(async () => {
      const text = await this.ask("ottla cluster status --cluster $CLUSTER");
      const serving = text.match(/ serves /g)?.length;
      check(text.includes("all is well") && serving === brokers, `never well:\n${text}`);
    }, commandMsMax);
  }

  /** A file of the first machine goes to another. */
  async copy(file: string, host: string): Promise<void> {
    await Deno.copyFile(`${this.#folder}/${one}/${file}`, `${this.#folder}/${host}/${file}`);
  }

  /** Nothing runs any more, and nothing is on any disk. */
  async anew(): Promise<void> {
    await this.end("kill");
    for (const host of hosts) await this.wipe(host);
  }

  /** A machine that nothing runs on is a new one. */
  async wipe(host: string): Promise<void> {
    await Deno.remove(`${this.#folder}/${host}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.mkdir(`${this.#folder}/${host}`);
  }
}

function nameOf(host: string): string {
  return `machine-${hosts.indexOf(host) + 1}`;
}

const clusterOf = (...of: readonly string[]) =>
  `etcd://${of.map((host) => `${host}:2379`).join(",")}/main`;

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

async function tell(story: Story): Promise<void> {
  const begin = "A cluster";
  const [etcd, broker, first] = [story.next(begin), story.next(begin), story.next(begin)];
  const exported = {
    CLUSTER: clusterOf(one, two, three),
    OTTLA_BOOTSTRAP: hosts.slice(0, 3).map((host) => `${host}:9092`).join(","),
  };
  const setUp = async () => {
    await story.anew();
    story.export(exported);
    await story.type(etcd);
    await story.type(broker);
    await story.untilWell(3);
  };
  const has = async (value: string) => {
    const read = await story.ask("ottla consume orders --from earliest --until latest");
    check(read.includes(value), `"${value}" is lost`);
  };
  await setUp();
  check((await story.type(first)).includes("an order"), "what was sent is not read");

  // A single node beside it, and back.
  await story.ask("ottla start --data-dir single-data --host 127.0.0.1", four);
  await story.ask("echo alone | ottla produce lone --bootstrap localhost:9092", four);
  await story.end("stop", { host: four });
  await story.type(story.next("From one node to three"));
  const lone = "ottla consume lone --from earliest --until latest --bootstrap";
  check((await story.ask(`${lone} 10.0.0.4:9092`)).includes("alone"), "the single node's is lost");
  await story.end("stop", { host: four });
  await story.type(story.next("From three to one"));
  check((await story.ask(`${lone} localhost:9092`, four)).includes("alone"), "carried back: lost");
  await story.end("stop", { host: four });

  // A fourth broker, and its way out.
  const who = "Who has what, and moving it";
  await story.type(story.next(who));
  await story.untilWell(4);
  await story.type(story.next(who));
  await has("an order");
  await story.type(story.next("Who leads"));
  const leaves = "A broker that leaves";
  await story.type(story.next(leaves));
  await story.end("stop", { host: four });
  await story.type(story.next(leaves));
  await has("an order");

  // A machine dies: the others go on; a new one takes its place.
  await story.wipe(four);
  await story.end("kill", { host: three });
  await story.ask("echo 'with two' | ottla produce orders");
  await has("with two");
  const lost = "A machine that is lost";
  await story.type(story.next(lost));
  await story.type(story.next(lost));
  await story.type(story.next(lost));
  story.export({ CLUSTER: clusterOf(one, two, four) });
  await story.untilWell(3);
  await has("an order");

  // All of etcd is away: records go on, what changes the cluster waits.
  await setUp();
  await story.type(first);
  await story.end("kill", { kind: "etcd" });
  await story.ask("echo 'without etcd' | ottla produce orders");
  await has("without etcd");
  await story.type(etcd);
  await story.untilWell(3);
  await story.ask("ottla topics create later");

  // All of etcd is gone: what a backup knows, and what the brokers' logs do.
  const backups = "Backups of etcd, and a start from nothing";
  await story.type(story.next(backups));
  await story.end("stop", { kind: "broker", host: two });
  await story.ask("echo 'after the backup' | ottla produce orders");
  await story.end("stop", { kind: "broker" });
  await story.end("kill");
  for (const host of [two, three]) await story.copy("etcd.backup", host);
  await story.type(story.next(backups));
  await story.type(etcd);
  await story.type(story.next("etcd was restored from a backup"));
  await story.untilWell(3);
  await has("after the backup");
  check(
    story.left.length === 0,
    `nobody has typed:\n${story.left.map((b) => b.script).join("\n")}`,
  );
}

const folder = await Deno.makeTempDir({ prefix: "page-" });
try {
  await Deno.mkdir(`${folder}/bin`);
  const program = (await ottlaCommand(targetFromEnvironment())).map((word) => `'${word}'`);
  await Deno.writeTextFile(`${folder}/bin/ottla`, `#!/bin/sh\nexec ${program.join(" ")} "$@"\n`);
  await Deno.chmod(`${folder}/bin/ottla`, 0o755);
  const names = hosts.map(nameOf);
  await using machines = await Machines.make(names, { net: "10.0.0" });
  const blocks = blocksOf(await Deno.readTextFile(page));
  const story = new Story(machines, { folder, blocks });
  try {
    await tell(story);
    console.log("\nThe page holds.");
  } finally {
    await story.end("kill");
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
