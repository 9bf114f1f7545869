// Reads from the segment files which codec the stored batches have. A client that finds something
// missing in ApiVersions sends uncompressed batches without a word, so receiving the right records
// proves nothing about compression; the bytes on disk do.
//
//   v2 batch: baseOffset int64 | batchLength int32 | leaderEpoch int32 | magic int8 | crc uint32 |
//             attributes int16 (bits 0-2: codec) | ...
//             0                  8                   12                  16            17
//             21

export type Codec = "none" | "gzip" | "snappy" | "lz4" | "zstd";

export const codecs: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

const attributesPosition = 21;
const lengthPosition = 8;
const lengthEnd = 12;

/** The codecs of all batches in the first segments of a topic's partitions, in each folder. */
export async function storedCodecs(
  logFolders: readonly string[],
  { topic, partitions }: { topic: string; partitions: number },
): Promise<Set<Codec>> {
  const found = new Set<Codec>();
  for (const folder of logFolders) {
    for (let partition = 0; partition < partitions; partition++) {
      const path = `${folder}/${topic}-${partition}/00000000000000000000.log`;
      const bytes = await Deno.readFile(path).catch((error) => {
        // A partition that nothing was written to may have no segment yet.
        if (error instanceof Deno.errors.NotFound) return new Uint8Array();
        throw error;
      });
      for (const codec of codecsOf(bytes)) found.add(codec);
    }
  }
  return found;
}

function* codecsOf(segment: Uint8Array): Generator<Codec> {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  let position = 0;
  while (position + attributesPosition + 2 <= segment.byteLength) {
    const bits = view.getInt16(position + attributesPosition) & 7;
    const codec = codecs[bits];
    if (!codec) throw new Error(`a batch at ${position} of the segment has codec ${bits}`);
    yield codec;
    position += lengthEnd + view.getInt32(position + lengthPosition);
  }
}
