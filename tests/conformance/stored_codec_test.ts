import { assertEquals, assertRejects } from "@std/assert";
import { codecs, storedCodecs } from "./stored_codec.ts";

/** A batch header that claims `length` bytes after the length field and has these attributes. */
function batch(attributes: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + length);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, length);
  view.setInt8(16, 2);
  view.setInt16(21, attributes);
  return bytes;
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeSegment(path: string, batches: Uint8Array[]): Promise<void> {
  await Deno.mkdir(path);
  const bytes = new Blob(batches.map((each) => each.slice())).stream();
  await Deno.writeFile(`${path}/00000000000000000000.log`, bytes);
}

Deno.test("the codecs of a topic are those of every batch in every partition", async () => {
  await inFolder(async (folder) => {
    await writeSegment(`${folder}/t-0`, [batch(0, 60), batch(2, 75)]);
    await writeSegment(`${folder}/t-1`, [batch(0x10 | 4, 80)]); // transactional, zstd
    const found = await storedCodecs([folder], { topic: "t", partitions: 3 });
    assertEquals(found, new Set([codecs[0]!, codecs[2]!, codecs[4]!]));
  });
});

Deno.test("a segment that goes wrong is an error, not an end", async () => {
  await inFolder(async (folder) => {
    await writeSegment(`${folder}/t-0`, [batch(0, 60), batch(7, 60)]);
    await assertRejects(
      () => storedCodecs([folder], { topic: "t", partitions: 1 }),
      Error,
      "codec 7",
    );
  });
});
