// Captured requests of real clients: int32 size and frame, one after the other, gzipped.

const path = new URL("./corpus.frames.gz", import.meta.url);

/** The request frames that are kept in the repository, without their sizes. */
export async function readCorpus(): Promise<Uint8Array[]> {
  const file = await Deno.readFile(path);
  const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const view = new DataView(bytes.buffer);
  const frames: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 4 + view.getInt32(start);
    frames.push(bytes.subarray(start + 4, end));
    start = end;
  }
  return frames;
}

/** Replaces the kept frames. */
export async function writeCorpus(frames: readonly Uint8Array[]): Promise<number> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const frame of frames) {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setInt32(0, frame.length);
    parts.push(size, new Uint8Array(frame));
  }
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  await Deno.writeFile(path, packed);
  return packed.length;
}
