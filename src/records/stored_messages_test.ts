import { assertEquals, assertThrows } from "@std/assert";
import { BytesWriter, utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";
import { compress, compressionTypes } from "./compression.ts";
import { checkMessage, type Message, type MessageInput, writeMessage } from "./legacy.ts";
import { checkBatch, readAllRecords, readBatchHeader } from "./mod.ts";
import { StoredMessages } from "./stored_messages.ts";

const plain = { magic: 1, timestamp: 7, key: null, value: utf8("v") } as const;

function stored(input: MessageInput): Message {
  const writer = new BytesWriter(64);
  writeMessage(writer, input);
  const check = checkMessage(writer.finish(), 0);
  if ("refusal" in check) throw new Error(check.refusal.message);
  return check.message;
}

/** A wrapper whose last message has `offset`. */
function wrapper(inner: readonly MessageInput[], of: Partial<MessageInput>): Message {
  const set = new BytesWriter(64);
  for (const each of inner) writeMessage(set, each);
  const value = compress(set.finish(), { type: "gzip", codecs });
  const compression = compressionTypes.indexOf("gzip");
  return stored({ magic: 1, offset: 0, timestamp: 9, key: null, ...of, compression, value });
}

function converted(messages: readonly Message[]): Uint8Array[] {
  const batches: Uint8Array[] = [];
  const conversion = new StoredMessages(codecs, (batch) => batches.push(batch));
  for (const message of messages) conversion.add(message);
  conversion.end();
  for (const batch of batches) assertEquals("header" in checkBatch(batch), true);
  return batches;
}

const rangesOf = (batches: readonly Uint8Array[]) =>
  batches.map((batch) => {
    const { baseOffset, lastOffset } = readBatchHeader(batch);
    return [baseOffset, lastOffset];
  });

Deno.test("stored messages share a batch as long as no offset is missing", () => {
  const offsets = [3, 4, 5, 8, 9];
  const batches = converted(offsets.map((offset) => stored({ ...plain, offset })));
  assertEquals(rangesOf(batches), [[3, 5], [8, 9]]);
  const read = batches.flatMap((batch) => readAllRecords(batch, { codecs }));
  assertEquals(read.map(({ offset }) => offset), offsets);
});

Deno.test("messages of a wrapper count back from its own offset, gaps and all", () => {
  const inner = [0, 1, 3].map((offset) => ({ ...plain, offset }));
  const batches = converted([
    stored({ ...plain, offset: 19 }),
    wrapper(inner, { offset: 23 }),
    stored({ ...plain, offset: 24 }),
  ]);
  assertEquals(rangesOf(batches), [[19, 19], [20, 21], [23, 23], [24, 24]]);
  const codecIds = batches.map((batch) => readBatchHeader(batch).attributes & 7);
  assertEquals(codecIds, [0, 1, 1, 0]);
});

Deno.test("the broker's time of a wrapper is that of all its messages", () => {
  const inner = [0, 1].map((offset) => ({ ...plain, offset }));
  const [batch] = converted([wrapper(inner, { offset: 1, timestamp: 99, isLogAppendTime: true })]);
  assertEquals(readBatchHeader(batch!).maxTimestamp, 99);
  const read = readAllRecords(batch!, { codecs });
  assertEquals(read.map(({ timestamp }) => timestamp), [99, 99]);
});

Deno.test("a wrapper that cannot be unpacked is said, and nothing is made of it", () => {
  const good = wrapper([{ ...plain, offset: 0 }], { offset: 0 });
  const bad = { ...good, value: utf8("no gzip") };
  assertThrows(() => converted([bad]), DecodeFault);
  assertThrows(() => converted([{ ...good, value: null }]), DecodeFault);
});
