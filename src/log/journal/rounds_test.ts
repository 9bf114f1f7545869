import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { uuidFromRandom } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { encodeName, type JournalEntry, readRounds, RoundWriter } from "./rounds.ts";

const rounds: readonly (readonly JournalEntry[])[] = [[1, 300], [61], [7, 8, 9]].map((lengths, i) =>
  lengths.map((length, j) => ({
    topicId: uuidFromRandom(new Uint8Array(16).fill(i + j + 1)),
    partition: 7 * i + j,
    batch: new Uint8Array(length).fill(i + j + 1),
  }))
);

/** The bytes of each round in a file. */
function written(fileNumber: number): Uint8Array[] {
  const writer = new RoundWriter(1_000);
  return rounds.map((entries) => {
    writer.clear();
    assert(writer.isEmpty);
    for (const entry of entries) assert(writer.add(encodeName(entry), entry.batch));
    return writer.finish(fileNumber).slice();
  });
}

Deno.test("what was written is read", () => {
  assertEquals([...readRounds(concatBytes(written(3)), 3)], rounds.flat());
});

Deno.test("a round takes what it has room for", () => {
  const name = encodeName(itemAt(rounds, 0)[0]!);
  const writer = new RoundWriter(1_000);
  assert(!writer.add(name, new Uint8Array(1_000)));
  assert(writer.isEmpty);
  let count = 0;
  while (writer.add(name, new Uint8Array(100))) count++;
  assertEquals(count, 8);
  assertEquals([...readRounds(writer.finish(1), 1)].length, 8);
});

Deno.test("reading ends at the first round that is not whole, wherever it is spoiled", () => {
  const parts = written(3);
  const whole = concatBytes(parts);
  const ends = parts.map((_, i) => concatBytes(parts.slice(0, i + 1)).length);
  for (let at = 0; at < whole.length; at++) {
    const before = rounds.slice(0, ends.filter((end) => end <= at).length).flat();
    assertEquals([...readRounds(whole.subarray(0, at), 3)], before);
    const spoiled = whole.slice();
    spoiled[at]! ^= 0x10;
    assertEquals([...readRounds(spoiled, 3)], before);
  }
});

/** A file as the first builds wrote it: a checksum for each entry, and no rounds. */
function writtenAlone(entries: readonly JournalEntry[]): Uint8Array {
  return concatBytes(entries.map((entry) => {
    const body = concatBytes([encodeName(entry), entry.batch]);
    const head = new DataView(new ArrayBuffer(8));
    head.setInt32(0, body.length);
    head.setUint32(4, crc32c(body));
    return concatBytes([new Uint8Array(head.buffer), body]);
  }));
}

Deno.test("what a build without rounds has written is read, whatever its number", () => {
  const bytes = writtenAlone(rounds.flat());
  for (const number of [0, 3]) {
    assertEquals([...readRounds(bytes, number)], rounds.flat());
    const spoiled = bytes.slice();
    spoiled[spoiled.length - 1]! ^= 0x10;
    assertEquals([...readRounds(spoiled, number)], rounds.flat().slice(0, -1));
    for (let at = 0; at < bytes.length; at += 7) [...readRounds(bytes.subarray(at), number)];
  }
});

Deno.test("what an earlier file has left behind is not read, though a round begins there", () => {
  const [first = new Uint8Array(0), ...others] = written(4);
  const left = written(3);
  const bytes = concatBytes([first, ...left.slice(1)]);
  assertEquals([...readRounds(bytes, 4)], itemAt(rounds, 0));
  assertEquals([...readRounds(concatBytes([first, ...others]), 4)], rounds.flat());
  assertEquals([...readRounds(concatBytes(left), 4)], []);
});
