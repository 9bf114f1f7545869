// A client that the tests drive in their own process, as a program of its own: a member of a group
// that is to be killed needs a process that can be. The lines are those of process_driver.ts; only
// members are served.
//
//   deno run -A serve.ts kafkajs 127.0.0.1:9092

import type { Driver, GroupReports, Member, Reached } from "../../driver.ts";

/** The clients by name. */
const clients: Record<string, (at: Reached) => Promise<Driver>> = {
  kafkajs: async (at) => (await import("./kafkajs.ts")).KafkajsDriver.connect(at),
  ottla: async (at) => (await import("./ottla.ts")).OttlaDriver.connect(at),
  platformatic: async (at) => new (await import("./platformatic.ts")).PlatformaticDriver(at),
};

const encoder = new TextEncoder();

function tell(message: Record<string, unknown>): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(message)}\n`));
}

const watch: GroupReports = {
  assigned: (member, partitions) => tell({ event: "assigned", member, partitions }),
  saw: (member, value) => tell({ event: "saw", member, value }),
  failed: (member, message) => tell({ event: "failed", member, message }),
};

async function serve(driver: Driver): Promise<void> {
  const members = new Map<string, Member>();
  let partial = "";
  tell({ event: "ready", version: driver.version });
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (partial + text).split("\n");
    partial = lines.pop()!;
    for (const line of lines) {
      const { id, op, member, ...options } = JSON.parse(line);
      try {
        if (op === "join") members.set(member, await driver.join!(member, { ...options, watch }));
        else await members.get(member)!.leave();
        tell({ id });
      } catch (error) {
        tell({ id, error: `${error}` });
      }
    }
  }
  await driver.close?.();
}

if (import.meta.main) {
  const [name, bootstrap] = Deno.args;
  await serve(await clients[name!]!({ bootstrap: bootstrap! }));
}
