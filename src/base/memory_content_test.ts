import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MemoryContent } from "./memory_content.ts";

Deno.test("a file in memory grows at its end and reads back anywhere", () => {
  const content = new MemoryContent();
  for (let i = 0; i < 300; i++) content.append(new Uint8Array(1_000).fill(i));
  const into = new Uint8Array(4);
  assertEquals(content.size, 300_000);
  assertEquals(content.readAt(65_998, into), 4);
  assertEquals(Array.from(into), [65, 65, 66, 66]);
});

type Command =
  | { kind: "append"; length: number; byte: number }
  | { kind: "writeAt"; position: number; length: number; byte: number }
  | { kind: "truncate"; size: number };

// Lengths around the sizes at which chunks double and fill.
const length = fc.oneof(
  fc.nat(3_000),
  fc.constantFrom(0, 1, 1_023, 1_024, 65_535, 65_536, 65_537, 140_000),
);
const byte = fc.integer({ min: 1, max: 255 });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("append" as const), length, byte }),
  fc.record({ kind: fc.constant("writeAt" as const), position: length, length, byte }),
  fc.record({ kind: fc.constant("truncate" as const), size: length }),
);

/** What `content` holds after `command`, done the simple way. */
function applied(model: Uint8Array, command: Command): Uint8Array {
  if (command.kind === "truncate") {
    const cut = new Uint8Array(command.size);
    cut.set(model.subarray(0, command.size));
    return cut;
  }
  const position = command.kind === "append" ? model.length : command.position;
  const grown = new Uint8Array(Math.max(model.length, position + command.length));
  grown.set(model);
  return grown.fill(command.byte, position, position + command.length);
}

Deno.test("a file in memory holds what an array holds, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), length, (commands, from) => {
      const content = new MemoryContent();
      let model: Uint8Array = new Uint8Array(0);
      for (const step of commands) {
        if (step.kind === "truncate") content.truncate(step.size);
        else {
          const bytes = new Uint8Array(step.length).fill(step.byte);
          if (step.kind === "append") content.append(bytes);
          else content.writeAt(step.position, bytes);
        }
        model = applied(model, step);
      }
      const into = new Uint8Array(100_000);
      const count = content.readAt(from, into);
      assertEquals(content.size, model.length);
      assertEquals(count, Math.min(into.length, Math.max(0, model.length - from)));
      const expected = model.subarray(from, from + count);
      assertEquals(into.subarray(0, count).every((value, i) => value === expected[i]), true);
    }),
    { numRuns: 150 },
  );
});

Deno.test("a copy and what it was copied from change without each other", () => {
  const bytesOf = (content: MemoryContent) => {
    const bytes = new Uint8Array(content.size);
    content.readAt(0, bytes);
    return bytes;
  };
  const run = (content: MemoryContent, commands: readonly Command[]) => {
    for (const step of commands) {
      if (step.kind === "truncate") content.truncate(step.size);
      else if (step.kind === "append") content.append(new Uint8Array(step.length).fill(step.byte));
      else content.writeAt(step.position, new Uint8Array(step.length).fill(step.byte));
    }
  };
  const commands = fc.array(command, { maxLength: 6 });
  fc.assert(fc.property(commands, commands, commands, (before, here, there) => {
    const original = new MemoryContent();
    run(original, before);
    const [copy, untouched] = [original.copy(), original.copy()];
    const empty: Uint8Array = new Uint8Array(0);
    const model = before.reduce(applied, empty);
    run(original, here);
    run(copy, there);
    assertEquals(bytesOf(original), here.reduce(applied, model));
    assertEquals(bytesOf(copy), there.reduce(applied, model));
    assertEquals(bytesOf(untouched), model);
  }));
});
