import { assertEquals } from "@std/assert";
import { BytesWriter, concatBytes } from "./bytes.ts";

/** Writes what is known of a message by its number: short ones, long ones, some with a payload. */
function write(writer: BytesWriter, number: number): void {
  writer.int32(0);
  for (let i = 0; i < number % 301; i++) writer.int64(number * 1_000 + i);
  if (number % 7 === 0) writer.bytes(new Uint8Array(5_000).fill(number));
  if (number % 50 === 0) writer.bytes(new Uint8Array(9_000).fill(number));
  writer.text(`message ${number}`);
  writer.patchInt32(0, writer.length - 4);
}

function alone(number: number): Uint8Array {
  const writer = new BytesWriter();
  write(writer, number);
  return concatBytes(writer.chunks());
}

Deno.test("messages that share memory are what they would be alone", () => {
  const numbers = Array.from({ length: 1_000 }, (_, i) => i);
  const written = numbers.map((number) => {
    const writer = new BytesWriter("shared");
    write(writer, number);
    return number % 3 === 0 ? [writer.finish()] : writer.chunks();
  });
  assertEquals(written.map((chunks) => concatBytes(chunks)), numbers.map(alone));
});

Deno.test("messages that are written at the same time, or given up, share nothing", () => {
  const open = [3, 4, 5].map((number) => ({ number, writer: new BytesWriter("shared") }));
  write(new BytesWriter("shared"), 8);
  for (const { number, writer } of open) write(writer, number);
  const written = open.map(({ writer }) => writer.chunks());
  const later = new BytesWriter("shared");
  write(later, 6);
  assertEquals(written.map((chunks) => concatBytes(chunks)), [3, 4, 5].map(alone));
  assertEquals(concatBytes(later.chunks()), alone(6));
});
