// What the judge asks when all is over: everything that lies in the partitions, what readers of
// committed records are given, what groups have committed; and whether groups are at rest.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { type Client, committedOffsets, describeGroup } from "../../src/client/mod.ts";
import { ErrorCode, Fetch } from "../../src/protocol/mod.ts";
import { batchPositions, readBatchHeader, readRecords } from "../../src/records/mod.ts";
import { committedIn } from "../harness/committed_records.ts";
import { ask } from "./actor.ts";
import type { End, ReadBatch, ReadRecord } from "./law.ts";
import type { Place } from "./producers.ts";

/** All that there is. */
export async function readEnd(
  client: Client,
  { places, groups }: { readonly places: readonly Place[]; readonly groups: readonly string[] },
): Promise<End> {
  const batches = new Map<string, ReadBatch[]>();
  const committed = new Map<string, ReadRecord[]>();
  const offsets = new Map<string, Map<string, number>>();
  for (const place of places) {
    const name = `${place.topic}-${place.partition}`;
    batches.set(name, await readBatches(client, place));
    committed.set(name, await readCommitted(client, place));
  }
  for (const groupId of groups) {
    const found = await committedOffsets(client, groupId, { partitions: null });
    const named = found.map(({ topic, partition, offset }) =>
      [`${topic}-${partition}`, Number(offset)] as const
    );
    offsets.set(groupId, new Map(named));
  }
  return { batches, committed, offsets };
}

async function readBatches(client: Client, place: Place): Promise<ReadBatch[]> {
  const read: ReadBatch[] = [];
  for await (const { records } of fetched(client, place, 0)) {
    for (const position of batchPositions(records)) {
      const header = readBatchHeader(records, position);
      read.push({
        ...header,
        producerId: Number(header.producerId),
        records: header.isControl ? [] : readRecords(records, { position }).map(textOf),
      });
    }
  }
  return read;
}

/** As a consumer does it: without what the broker says is aborted, up to the last stable offset. */
async function readCommitted(client: Client, place: Place): Promise<ReadRecord[]> {
  const read: ReadRecord[] = [];
  for await (const { records: bytes, aborted } of fetched(client, place, 1)) {
    read.push(...committedIn({ bytes, aborted }).map(textOf));
  }
  return read;
}

/** Everything from the beginning, a piece after the other, from whole batches on. */
async function* fetched(client: Client, { topic, partition }: Place, isolationLevel: 0 | 1) {
  for (let offset = 0;;) {
    const answer = await ask(client, Fetch, {
      // The last one that names its topics.
      versionMax: 12,
      message: {
        maxWaitMs: 0,
        minBytes: 0,
        isolationLevel,
        topics: [{
          topic,
          partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }],
        }],
        forgottenTopicsData: [],
      },
      codeOf: ({ responses }) => responses[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE,
    });
    const found = answer.responses[0]?.partitions[0];
    const records = found?.records ?? new Uint8Array(0);
    if (found?.errorCode !== ErrorCode.NONE) throw new Error(`${topic}: ${found?.errorCode}`);
    const last = batchPositions(records).at(-1);
    if (last === undefined) return;
    const aborted = (found.abortedTransactions ?? []).map((each) => ({
      producerId: Number(each.producerId),
      firstOffset: Number(each.firstOffset),
    }));
    yield { records, aborted };
    offset = readBatchHeader(records, last).lastOffset + 1;
  }
}

function textOf({ offset, value }: { offset: number; value: Uint8Array | null }): ReadRecord {
  return { offset, value: fromUtf8(value!) };
}

/** Why a group has not come to rest; undefined: all its members share all partitions. */
export async function unrestOf(
  client: Client,
  groupId: string,
  wanted: { readonly members: number; readonly partitions: number },
): Promise<string | undefined> {
  const { state, members } = await describeGroup(client, groupId);
  if (state !== "Stable") return `${groupId} is ${state}`;
  if (members.length !== wanted.members) return `${groupId} has ${members.length} members`;
  const held = members.flatMap(({ partitions }) => partitions.map(({ partition }) => partition));
  const isShared = held.length === wanted.partitions && new Set(held).size === held.length;
  return isShared ? undefined : `the members of ${groupId} have ${held.join()}`;
}
