// What docs/client.md shows is run as it stands, against a broker: every block of TypeScript is a
// program, with a cluster at hand and `work` for what its reader would do.

import { assertEquals } from "@std/assert";
import * as client from "../../client.ts";
import { Broker } from "../../mod.ts";
import { within } from "../harness/deadline.ts";
import { FakeRegistry } from "../harness/fake_registry.ts";

const page = await Deno.readTextFile(new URL("../../docs/client.md", import.meta.url));
const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);

type Program = (
  from: typeof client,
  at: { cluster: client.Cluster; work: (...of: unknown[]) => Promise<void> },
) => Promise<void>;

/** The block as a function; what it imports it is handed. */
async function programOf(
  code: string,
  at: { bootstrap: string; registry: string },
): Promise<Program> {
  const names = code.match(/^import \{ (.*) \} from "@ottla\/ottla\/client";$/m)?.[1] ?? "";
  const isType = (name: string) => name.startsWith("type ");
  const imported = names.split(", ").filter((name) => !isType(name)).join(", ");
  const others = code.match(/^import .* from "@opentelemetry\/api";$/gm) ?? [];
  const body = code.replace(/^import .*$/gm, "").replaceAll("localhost:9092", at.bootstrap)
    .replaceAll("http://localhost:8081", at.registry);
  const given = body.includes("using cluster") ? "" : "const { cluster } = at;";
  const source = `${others.join("\n")}
  export default async function ({ ${imported} }: any, at: any) {
    const { work } = at;
    ${given}
    ${body}
  }`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, source);
  try {
    return (await import(`file://${file}`)).default;
  } finally {
    await Deno.remove(file);
  }
}

/** Topics with something in them, and a share group that reads from the beginning. */
async function seed(cluster: client.Cluster): Promise<void> {
  const { admin } = cluster;
  for (const name of ["orders", "invoices", "orders.failed"]) {
    await admin.createTopic({ name, partitions: 2 });
  }
  await admin.alterConfigs({ group: "emails" }, { set: { "share.auto.offset.reset": "earliest" } });
  const records = [1, 2, 3].map((n) => ({
    topic: "orders",
    key: `${n}`,
    value: "paid",
    headers: { kind: "paid" },
  }));
  await cluster.producer().send(records);
}

for (const [i, code] of blocks.entries()) {
  const name = code.split("\n").find((line) => line !== "" && !line.startsWith("import")) ?? "";
  Deno.test(`docs/client.md, block ${i + 1}: ${name}`, async () => {
    await using broker = await Broker.start();
    await using cluster = await client.connect({ bootstrap: broker.bootstrap });
    await seed(cluster);
    let works = 0;
    let closing: Promise<void> | undefined;
    // A loop over a consumer ends when that is closed: here with the cluster, after a first record.
    const work = () => {
      works++;
      closing ??= cluster.close();
      return Promise.resolve();
    };
    await using registry = new FakeRegistry();
    const at = { bootstrap: broker.bootstrap, registry: registry.url };
    const program = await programOf(code, at);
    const run = program(client, { cluster, work });
    await within(run, { ms: 60_000, what: () => "the end of the program" });
    await closing;
    assertEquals(works > 0, code.includes("for await"), "what it loops over has come");
  });
}
