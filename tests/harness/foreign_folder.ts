// A data folder as a tool that is neither Kafka nor Ottla writes it, before any broker has run:
// what a learner's tester of Kafka servers, for example, puts under /tmp/kraft-combined-logs.
//
//   meta.properties                 a directory.id with its base64 padding
//   .kafka_cleanshutdown
//   __cluster_metadata-0/           partition.metadata; a .log whose first batch has offset 1
//   <topic>-<partition>/            partition.metadata, its id padded, too; a .log, maybe empty
//
// Invariant: there is no index, no checkpoint and no quorum-state, and each file's bytes are those
// that the test names.

import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { uuidToBytes } from "../../src/base/ids.ts";
import { encodeMetadataRecord, type MetadataRecordInput } from "../../src/cluster/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";

export const foreignClusterId = "IAAAAAAAQACAAAAAAAAAAQ";
export const foreignDirectoryId = "EAAAAAAAQACAAAAAAAAAAQ";

export interface ForeignTopic {
  readonly name: string;
  readonly id: string;
  /** The values of each partition's records, in batches of their own. */
  readonly partitions: readonly (readonly string[])[];
}

/** meta.properties as such a tool writes it. */
export const foreignMetaProperties = "#\n#Fri Nov 20 10:00:00 UTC 2026\n" +
  `cluster.id=${foreignClusterId}\ndirectory.id=${foreignDirectoryId}==\nnode.id=1\nversion=1\n`;

/** Writes the folder. Without topics there is no metadata log either. */
export async function writeForeignFolder(
  folder: string,
  topics?: readonly ForeignTopic[],
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/meta.properties`, foreignMetaProperties);
  const marker = `{"version":0,"brokerEpoch":10}`;
  await Deno.writeTextFile(`${folder}/.kafka_cleanshutdown`, marker);
  if (topics === undefined) return;
  const metadata = { id: "AAAAAAAAAAAAAAAAAAAAAQ", log: foreignMetadata(topics) };
  await writePartition(`${folder}/__cluster_metadata-0`, metadata);
  for (const { name, id, partitions } of topics) {
    for (const [i, values] of partitions.entries()) {
      const log = concatBytes(foreignBatches(values));
      await writePartition(`${folder}/${name}-${i}`, { id: paddedId(id), log });
    }
  }
}

/** The batches of a partition: one for each value, all of producer 0 and sequence 0. */
export function foreignBatches(values: readonly string[]): Uint8Array[] {
  return values.map((value, i) =>
    buildBatch({
      records: [{ key: null, value: utf8(value), headers: [] }],
      timestamp: 1_726_045_973_899,
      baseOffset: i,
      partitionLeaderEpoch: 0,
      producerId: 0,
      producerEpoch: 0,
      baseSequence: 0,
    })
  );
}

function foreignMetadata(topics: readonly ForeignTopic[]): Uint8Array {
  const feature = { name: "metadata.version", featureLevel: 20 };
  const changes: MetadataRecordInput[][] = [
    [{ type: "FeatureLevelRecord", version: 0, fields: feature }],
  ];
  for (const { name, id: topicId, partitions } of topics) {
    const own = partitions.map((_, partitionId): MetadataRecordInput => ({
      type: "PartitionRecord",
      version: 1,
      fields: {
        partitionId,
        topicId,
        replicas: [1],
        isr: [1],
        removingReplicas: [],
        addingReplicas: [],
        leader: 1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [foreignDirectoryId],
      },
    }));
    changes.push([{ type: "TopicRecord", version: 0, fields: { name, topicId } }, ...own]);
  }
  let baseOffset = 1;
  return concatBytes(changes.map((change) => {
    const records = change.map((each) => ({ key: null, value: encodeMetadataRecord(each) }));
    const timestamp = 1_726_045_943_832;
    const batch = buildBatch({ records, timestamp, baseOffset, partitionLeaderEpoch: 1 });
    baseOffset += records.length;
    return batch;
  }));
}

/** As such tools spell it: base64 with the padding, in the alphabet that has + and /. */
function paddedId(id: string): string {
  const bytes = new Uint8Array(16);
  uuidToBytes(id, bytes);
  return btoa(String.fromCharCode(...bytes));
}

async function writePartition(
  folder: string,
  { id, log }: { id: string; log: Uint8Array },
): Promise<void> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/partition.metadata`, `version: 0\ntopic_id: ${id}`);
  await Deno.writeFile(`${folder}/00000000000000000000.log`, log);
}
