// ListOffsets: the offset for a timestamp, or for one of the special timestamps.
//
// Serves: 0-11.
// Behaviour: -1 latest (the last stable offset for read_committed), -2 earliest, -3 the record with
//   the largest timestamp, -4 earliest on local disk; -5 latest tiered and -6 earliest pending
//   upload have no answer without tiered storage: offset -1 and no error, as in Kafka. Any other
//   timestamp: the first record at or after it, offset -1 when there is none.
// Versions: 1 one offset instead of a list; 2 isolation level; 4 leader epochs; 7 -3 (KIP-734); 8
//   -4 (KIP-405); 9 -5 (KIP-1005); 10 timeoutMs (KIP-1075); 11 -6 (KIP-1023).
//
// Differs from Kafka: for the largest timestamp of a partition whose records are all deleted there
// is no offset; Kafka answers with one below the start of the log.
//
// Differs from Kafka: version 0 answers with one offset rather than one for each segment, and looks
// a timestamp up as later versions do rather than by the time when a segment was last written.

import { isStoreFault } from "../../base/faults.ts";
import type { Int64 } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode, ListOffsets, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { checkLeader } from "../leadership/leader_epoch.ts";
import { Partition } from "../logs/partition.ts";

type PartitionRequest = RequestOf<typeof ListOffsets>["topics"][number]["partitions"][number];
type PartitionAnswer = ResponseInput<typeof ListOffsets>["topics"][number]["partitions"][number];

interface Found {
  readonly offset: number;
  readonly timestamp: Int64;
  readonly leaderEpoch: number;
}

const nothing: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 };
const readCommitted = 1;
const notAvailableFrom = 5;

/** Since which version each special timestamp exists. */
const specials: ReadonlyMap<Int64, number> = new Map([
  [-1, 0],
  [-2, 0],
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
]);

type Context = RequestContext<"partitions" | "noteUnreadable" | "slices">;

export const listOffsets = handler(ListOffsets, {
  serves: "0-11",
  authorise: [needs("topic describe")],

  async handle(request, { services, version, may }: Context) {
    const committed = request.isolationLevel === readCommitted;
    const topics = [];
    for (const { name, partitions } of request.topics) {
      if (!may("describe", { type: "topic", name })) {
        topics.push({ name, partitions: partitions.map(notAllowed) });
        continue;
      }
      const twice = version > 0 ? namedTwice(partitions) : new Set<number>();
      const once = partitions.filter(({ partitionIndex }) => !twice.has(partitionIndex));
      const answers = await mapSliced(
        once,
        services.slices,
        (each) => answer(each, { services, name, version, committed }),
      );
      for (const partitionIndex of twice) {
        answers.push({ partitionIndex, errorCode: ErrorCode.INVALID_REQUEST });
      }
      topics.push({ name, partitions: answers });
    }
    return { topics };
  },
});

function notAllowed({ partitionIndex }: PartitionRequest): PartitionAnswer {
  return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
}

function namedTwice(partitions: readonly PartitionRequest[]): ReadonlySet<number> {
  const seen = new Set<number>();
  const twice = new Set<number>();
  for (const { partitionIndex } of partitions) {
    if (seen.has(partitionIndex)) twice.add(partitionIndex);
    seen.add(partitionIndex);
  }
  return twice;
}

interface Asked {
  readonly services: Context["services"];
  readonly name: string;
  readonly version: number;
  readonly committed: boolean;
}

async function answer(each: PartitionRequest, o: Asked): Promise<PartitionAnswer> {
  const { partitionIndex } = each;
  const since = specials.get(each.timestamp);
  if (each.timestamp < 0 && (since === undefined || o.version < since)) {
    return { partitionIndex, errorCode: ErrorCode.UNSUPPORTED_VERSION };
  }
  const partition = o.services.partitions.find(o.name, partitionIndex);
  if (!(partition instanceof Partition)) return { partitionIndex, errorCode: partition };
  const errorCode = checkLeader(partition, each.currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return { partitionIndex, errorCode };
  let found: Found | ErrorCode;
  try {
    found = await find(partition, each.timestamp, o.committed);
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    o.services.noteUnreadable(partition, error);
    return { partitionIndex, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
  }
  if (typeof found === "number") return { partitionIndex, errorCode: sinceKnown(found, o.version) };
  if (o.version > 0) return { partitionIndex, errorCode, ...found };
  const oldStyleOffsets = found.offset < 0 || each.maxNumOffsets < 1 ? [] : [found.offset];
  return { partitionIndex, errorCode, oldStyleOffsets };
}

/** As a client of `version` knows it. */
function sinceKnown(errorCode: ErrorCode, version: number): ErrorCode {
  return version >= notAvailableFrom ? errorCode : ErrorCode.LEADER_NOT_AVAILABLE;
}

async function find(
  partition: Partition,
  timestamp: Int64,
  committed: boolean,
): Promise<Found | ErrorCode> {
  const { log, leaderEpoch } = partition;
  const end = committed ? partition.lastStableOffset : partition.highWatermark;
  // A new leader's end may be below what an earlier one has told (KIP-207).
  const nothingYet = partition.isEndKnown ? nothing : ErrorCode.OFFSET_NOT_AVAILABLE;
  switch (timestamp) {
    case -1:
      return partition.isEndKnown ? { offset: end, timestamp: -1, leaderEpoch } : nothingYet;
    case -2:
    case -4: {
      const offset = log.logStartOffset;
      return { offset, timestamp: -1, leaderEpoch: log.epochOfOffset(offset) ?? leaderEpoch };
    }
    case -5:
    case -6:
      return nothingYet;
  }
  const found = timestamp === -3
    ? await log.maxTimestamp()
    : await log.offsetForTimestamp(timestamp);
  if (found === undefined || found.offset >= end) return nothingYet;
  return { offset: found.offset, timestamp: found.timestampMs, leaderEpoch: found.leaderEpoch };
}
