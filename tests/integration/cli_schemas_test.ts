// A schema registry on the command line: what `produce` makes of JSON, and `consume` prints as JSON
// again. The registry is a small one of our own, over HTTP.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { CommandLine } from "../harness/command_line.ts";
import { FakeRegistry } from "../harness/fake_registry.ts";

const all = "--from earliest --until latest";
const item = {
  type: "record",
  name: "Item",
  namespace: "shop",
  fields: [{ name: "sku", type: "string" }],
};
const order = {
  type: "record",
  name: "Order",
  namespace: "shop",
  fields: [
    { name: "id", type: "long" },
    { name: "note", type: ["null", "string"], default: null },
  ],
};

interface World {
  readonly ottla: CommandLine;
  readonly registry: FakeRegistry;
  /** A file of what is to be JSON. */
  file(name: string, content: unknown): Promise<string>;
}

async function withWorld(run: (world: World) => Promise<void>): Promise<void> {
  await using broker = await BrokerProcess.start();
  await using registry = new FakeRegistry();
  const folder = await Deno.makeTempDir();
  try {
    const file = async (name: string, content: unknown) => {
      await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(content));
      return `${folder}/${name}`;
    };
    await run({ ottla: new CommandLine(broker), registry, file });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("JSON goes out as Avro by a schema of a registry, and is printed as JSON", async () => {
  await withWorld(async ({ ottla, registry, file }) => {
    const by = `--schema-registry ${registry.url}`;
    const schema = await file("order.avsc", order);
    await ottla.out("topics create orders --partitions 1");
    await ottla.out(
      `produce orders ${by} --value-schema ${schema} --key-separator :`,
      'a:{"id":9007199254740993,"note":{"string":"paid"}}\nb:{"id":2}\n',
    );
    await ottla.out(`produce orders ${by} --value-schema 1`, '{"id":3,"note":"plain"}\n');
    await ottla.out(`produce orders ${by} --value-schema latest --record-key c --tombstone`);
    const raw = await ottla.out("consume orders --from 1 --until 2 --format raw");
    assertEquals(raw, "\0\0\0\0\x01\x04\0");

    const printed = await ottla.run(`consume orders ${all} ${by} --keys`);
    assertEquals(printed.stdout.split("\n"), [
      'a\t{"id":9007199254740993,"note":{"string":"paid"}}',
      'b\t{"id":2,"note":null}',
      'null\t{"id":3,"note":{"string":"plain"}}',
      "c\tnull",
      "",
    ]);
    assertEquals(printed.stderr, "Read 4 records.\n");
    const chosen = `consume orders ${all} ${by} --match-json id=2 -f %k`;
    assertEquals(await ottla.out(chosen), "b\n");

    const json = await ottla.out(`consume orders ${all} ${by} --format json`);
    assertStringIncludes(json, '"value":{"id":9007199254740993,');
    assertStringIncludes(json, '"valueSchema":1,');
    await ottla.out("topics create copies --partitions 1");
    await ottla.out(`produce copies ${by} --format json`, json);
    const copied = await ottla.out(`consume copies ${all} ${by} --format json`);
    assertEquals(copied.replaceAll("copies", "orders"), json);
  });
});

Deno.test("keys have schemas, too, text is printed as it is, and schemas name others", async () => {
  await withWorld(async ({ ottla, registry, file }) => {
    const by = `-r ${registry.url}`;
    registry.add("items", { schema: JSON.stringify(item) });
    const references = [{ name: "shop.Item", subject: "items", version: 1 }];
    const items = { type: "array", items: "shop.Item" };
    const named = registry.add("carts-value", { schema: JSON.stringify(items), references });
    const key = await file("key.avsc", "string");
    const words = `produce carts ${by} --key-schema ${key} --value-schema ${named} --record-key 7`;
    await ottla.out(words, '[{"sku":"A7"}]\n');
    assertEquals(await ottla.out(`consume carts ${all} ${by} --keys`), '7\t[{"sku":"A7"}]\n');
    const like = `consume carts ${all} ${by} --match-key 7 --format json`;
    assertStringIncludes(await ottla.out(like), '"key":"7","keySchema":3,');
  });
});

Deno.test("content of JSON Schema is JSON, and what names no schema stays as it is", async () => {
  await withWorld(async ({ ottla, registry, file }) => {
    const by = `--schema-registry ${registry.url}`;
    const schema = await file("order.json", { type: "object" });
    await ottla.out("topics create orders --partitions 1");
    await ottla.out(`produce orders ${by} --value-schema ${schema}`, '{ "id": 7 }\n');
    registry.add("proto-value", { schema: "message A {}", schemaType: "PROTOBUF" });
    const bytes = [[0, 0, 0, 0, 2, 0], [0, 0, 0, 0, 9, 1], [0, 0, 0, 0, 0, 0, 0, 7]];
    const lines = bytes.map((each) =>
      JSON.stringify({ value: { base64: btoa(String.fromCharCode(...each)) } }) + "\n"
    );
    await ottla.out("produce orders --format json", `${lines.join("")}{"value":"plain"}\n`);
    const printed = await ottla.run(`consume orders ${all} ${by}`);
    const texts = bytes.map((each) => String.fromCharCode(...each));
    assertEquals(printed.stdout.split("\n"), ['{"id":7}', ...texts, "plain", ""]);
    assertEquals(
      printed.stderr,
      "Read 5 records.\n2 values named no schema. 2 keys and values could not be decoded; " +
        "the first was the value of orders-0 at offset 1: a schema of PROTOBUF is not read " +
        "here, only Avro and JSON.\n",
    );
  });
});

Deno.test("what a schema or a registry refuses is said, and whose refusal it is", async () => {
  await withWorld(async ({ ottla, registry, file }) => {
    const by = `--schema-registry ${registry.url}`;
    const schema = await file("order.avsc", order);
    const refused = async (words: string, said: string, input = "") => {
      const { code, stderr } = await ottla.run(words, input);
      assertStringIncludes(stderr, said);
      return code;
    };
    const misfit = `ottla: line 2: its value is none of schema 1: .id: "x" is no long\n`;
    const lines = '{"id":1}\n{"id":"x"}\n{"id":3}\n';
    const words = `produce orders ${by} --value-schema ${schema}`;
    assertEquals(await refused(words, `Sent 1 record to orders.\n${misfit}`, lines), 1);
    assertEquals(await refused(`${words} --transactional-id t`, misfit, lines), 1);
    const inJson = '{"value":{"id":1},"valueSchema":1}\n';
    const unnamed = "line 1 is no record: its value is of a schema: name the registry";
    assertEquals(await refused("produce orders --format json", unnamed, inJson), 1);
    await refused(`produce orders ${by} --value-schema 9`, "the registry has no schema 9");
    await refused(`produce bills ${by} --value-schema latest`, "answers subjects/bills-value/");
    await refused("produce orders --value-schema 1", "--value-schema needs --schema-registry URL");
    await refused(`produce orders ${by} --value-schema a.txt`, "a file that ends with .avsc");
    await refused(`consume orders ${by} --format raw`, "drop --schema-registry");
    registry.trouble = 503;
    assertEquals(await refused(`consume orders ${all} ${by}`, "with status 503: out of order"), 1);
    const nobody = `consume orders ${all} --schema-registry 127.0.0.1:1`;
    await refused(nobody, "ottla: 127.0.0.1:1: cannot ");
  });
});
