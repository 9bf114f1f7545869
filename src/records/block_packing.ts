// Packing by blocks, each for itself, of bytes that come in chunks: the way of snappy and lz4.
//
//   chunks  |     |  |        |   |       cut anew into blocks
//   packed  head |block|block|block| tail

/** A codec that packs blocks of so many bytes each for itself. */
export interface BlockPacking {
  readonly blockBytes: number;
  readonly head: () => Uint8Array;
  /** The block's part of the whole, in one array or several. */
  readonly block: (bytes: Uint8Array) => readonly Uint8Array[];
  readonly tail: Uint8Array;
}

/** What `chunks` become, each of which is good until the next. */
export async function* packedBlocks(
  chunks: AsyncIterable<Uint8Array>,
  { blockBytes, head, block, tail }: BlockPacking,
): AsyncGenerator<Uint8Array> {
  yield head();
  const room = new Uint8Array(blockBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + blockBytes - filled);
      room.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < blockBytes) continue;
      yield* block(room);
      filled = 0;
    }
  }
  if (filled > 0) yield* block(room.subarray(0, filled));
  yield tail;
}
