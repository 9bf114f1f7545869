import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EncodeFault, PlatformFault, type PlatformFaultSubject } from "../base/faults.ts";
import { utf8 } from "../base/bytes.ts";
import { KafkaError } from "../client/mod.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { ArgumentFault } from "./arguments.ts";
import { describeFailure } from "./failures.ts";
import { pairsOf } from "./pairs.ts";
import { formatJson, formatText, recordsFormat } from "./records/record_format.ts";
import { renderTable } from "./table.ts";

Deno.test("a table aligns numbers right and the rest left", () => {
  const rows = [["orders", 6, undefined], ["a", 12, 3]];
  assertEquals(
    renderTable(["topic", "partitions", "lag"], rows),
    "TOPIC   PARTITIONS  LAG\norders           6    -\na               12    3\n",
  );
  assertEquals(renderTable(["topic"], []), "TOPIC\n");
  const many = Array.from({ length: 200_000 }, (_, i) => [i]);
  assertEquals(renderTable(["n"], many).split("\n").length, 200_002);
  const hostile = [["a\nfake \x1b[31m\x9b\u202e", 1]];
  assertEquals(
    renderTable(["group", "n"], hostile),
    "GROUP                               N\na\\u000afake \\u001b[31m\\u009b\\u202e  1\n",
  );
});

Deno.test("a record prints as its value, or as a line of JSON with all of it", () => {
  const record = {
    topic: "orders",
    partition: 1,
    offset: 7,
    timestamp: 1000,
    key: utf8("k"),
    value: new Uint8Array([0xff, 0]),
    headers: [{ key: "h", value: utf8("1") }, { key: "h", value: null }],
  };
  assertEquals(formatText({ ...record, value: utf8("v") }, { withKey: false }), "v");
  assertEquals(formatText({ ...record, value: utf8("v") }, { withKey: true }), "k\tv");
  assertEquals(formatText({ ...record, key: null, value: null }, { withKey: true }), "null\tnull");
  const rude = utf8("red \x1b[31m\x9b32m\tnext\nline");
  assertEquals(
    formatText({ ...record, value: rude }, { withKey: true, forTerminal: true }),
    "k\tred \\u001b[31m\\u009b32m\tnext\nline",
  );
  assertEquals(
    formatText({ ...record, value: rude }, { withKey: false }),
    "red \x1b[31m\x9b32m\tnext\nline",
  );
  assertEquals(formatJson({ ...record, key: rude }).match(/[\p{C}]/u), null);
  assertEquals(JSON.parse(formatJson(record)), {
    topic: "orders",
    partition: 1,
    offset: 7,
    timestamp: 1000,
    key: "k",
    value: { base64: "/wA=" },
    headers: [["h", "1"], ["h", null]],
  });
});

Deno.test("a template prints what its letters stand for", () => {
  const record = {
    topic: "orders",
    partition: 1,
    offset: 7,
    timestamp: 1000,
    key: utf8("k"),
    value: null,
    headers: [{ key: "h", value: utf8("1") }, { key: "i", value: null }],
  };
  const forProgram = { withKey: false, forTerminal: false };
  const filled = (template: string) => recordsFormat(template, forProgram)([record, record]);
  const line = "orders-1:7 k null h=1,i=null 1000 1970-01-01T00:00:01.000Z 1/-1 100%\t.\n";
  assertEquals(filled("%t-%p:%o %k %v %h %T %D %K/%V 100%%\\t."), line + line);
  assertThrows(() => filled("%x"), ArgumentFault, "--format knows no %x");
  assertThrows(() => filled("%"), ArgumentFault, "--format knows no %:");
  assertThrows(() => filled("xml"), ArgumentFault, "--format takes text, json, raw or a template");
  const rude = { ...record, value: utf8("\x1b[31m\n") };
  const forTerminal = { withKey: false, forTerminal: true };
  assertEquals(recordsFormat("%v", forTerminal)([rude]), "\\u001b[31m\n\n");
  const bytes = recordsFormat("raw", forProgram)([rude, record, rude]);
  assertEquals(bytes, utf8("\x1b[31m\n\x1b[31m\n"));
});

Deno.test("pairs keep what follows the first equals sign, and keys that come twice", () => {
  assertEquals(pairsOf(["a=1", "b=x=y", "a="], "set"), [["a", "1"], ["b", "x=y"], ["a", ""]]);
  assertThrows(() => pairsOf(["=1"], "set"), ArgumentFault, "--set takes KEY=VALUE");
});

Deno.test("a failure says what to do, and what kind of failure it was by the exit code", () => {
  const refused = new PlatformFault("Refused", "cannot reach localhost:9092: connection refused");
  assertEquals(describeFailure(refused), {
    text: "cannot reach localhost:9092: connection refused. Is the broker running? " +
      "Start one with: ottla start",
    code: 1,
  });
  assertEquals(describeFailure(new ArgumentFault("no")), { text: "no", code: 2 });
  // What the message says in passing decides nothing.
  const textOf = (about?: PlatformFaultSubject) =>
    describeFailure(new PlatformFault("AddressInUse", "cannot serve metrics", { about })).text;
  assertEquals(textOf("metrics"), "cannot serve metrics. Choose another port with --metrics-port");
  assertStringIncludes(textOf(), "Choose another port with --port");
  const rude = new KafkaError(ErrorCode.INVALID_CONFIG, "create topic a", "no\nottla: \x9b2J");
  assertEquals(
    describeFailure(rude).text,
    "create topic a: no\\u000aottla: \\u009b2J (INVALID_CONFIG)",
  );
  const kafka = new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, "create topic a", "it exists");
  assertEquals(describeFailure(kafka).text, "create topic a: it exists (TOPIC_ALREADY_EXISTS)");
  const large = new EncodeFault("CreateTopics numPartitions is 99999999999, not an int32");
  assertEquals(describeFailure(large), {
    text: "Kafka's protocol has no room for that: CreateTopics numPartitions is 99999999999, " +
      "not an int32",
    code: 1,
  });
});
