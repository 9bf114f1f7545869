// Where a consumer begins in partitions whose position is not known: where it was told to, as the
// group has committed, else by `autoOffsetReset`.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { KafkaError } from "../faults.ts";
import { committedOffsets } from "../admin/group_offsets.ts";
import type { OffsetReset } from "./consumer_options.ts";
import { listOffsets, type OffsetSpec } from "../admin/offsets.ts";
import { nameOf } from "../topic_partition.ts";
import type { PartitionReader } from "./partition_reader.ts";

/** What decides, besides what was committed. */
export interface PositionRules {
  readonly groupId: string | undefined;
  /** The lane of the group's requests. */
  readonly lane: string | undefined;
  readonly autoOffsetReset: OffsetReset;
  readonly readCommitted: boolean;
  /** Begin here, whatever was committed; an entry is done with once it was followed. */
  readonly starts: Map<PartitionReader, OffsetSpec>;
}

/** Sets the positions of `lost`; resolves with what is committed of those by partition's name. */
export async function locate(
  client: Client,
  lost: readonly PartitionReader[],
  rules: PositionRules,
): Promise<ReadonlyMap<string, Int64>> {
  const { groupId, starts, lane } = rules;
  const committed = new Map<string, Int64>();
  let unknown = lost;
  const fresh = unknown.filter((each) => each.generation === 0 && !starts.has(each));
  if (groupId !== undefined && fresh.length > 0) {
    // Whoever had the partitions before may be about to commit them in a transaction.
    const how = { partitions: fresh, requireStable: true, lane };
    const found = await committedOffsets(client, groupId, how);
    const epochs = new Map<string, LeaderEpoch>();
    for (const each of found) {
      committed.set(nameOf(each), each.offset);
      epochs.set(nameOf(each), each.leaderEpoch);
    }
    for (const reader of fresh) {
      const name = nameOf(reader);
      const offset = committed.get(name);
      if (offset !== undefined) reader.seek(offset, epochs.get(name));
    }
    unknown = unknown.filter((each) => each.position === undefined);
  }
  await reset(client, unknown, rules);
  return committed;
}

/** By a place or a time, partitions of one place in one look-up. */
async function reset(
  client: Client,
  unknown: readonly PartitionReader[],
  rules: PositionRules,
): Promise<void> {
  const { autoOffsetReset, readCommitted, starts } = rules;
  const bySpec = new Map<string, { spec: OffsetSpec; readers: PartitionReader[] }>();
  for (const reader of unknown) {
    const spec = starts.get(reader) ?? placeOf(autoOffsetReset, client.ports.clock.now());
    if (spec === "none") throw nowhere(reader);
    const key = typeof spec === "string" ? spec : `${spec.timestampMs}`;
    const same = bySpec.get(key);
    if (same === undefined) bySpec.set(key, { spec, readers: [reader] });
    else same.readers.push(reader);
  }
  const listed = async (readers: readonly PartitionReader[], spec: OffsetSpec) =>
    (await listOffsets(client, readers, { spec, readCommitted })).map(({ offset }) => offset);
  for (const { spec, readers } of bySpec.values()) {
    const found = await listed(readers, spec);
    const late = readers.filter((_, i) => itemAt(found, i) < 0);
    // No record is as late as the moment asked for: what comes next is.
    const ends = late.length > 0 ? await listed(late, "latest") : [];
    const endOf = new Map<PartitionReader, Offset>(late.map((each, i) => [each, itemAt(ends, i)]));
    readers.forEach((reader, i) => {
      const offset = itemAt(found, i);
      starts.delete(reader);
      // Somebody may have said otherwise meanwhile.
      if (reader.position === undefined) reader.seek(offset >= 0 ? offset : endOf.get(reader));
    });
  }
}

function placeOf(reset: OffsetReset, nowMs: number): OffsetSpec | "none" {
  return typeof reset === "string" ? reset : { timestampMs: nowMs - reset.byDurationMs };
}

function nowhere(reader: PartitionReader): KafkaError {
  return new KafkaError(
    ErrorCode.OFFSET_OUT_OF_RANGE,
    `read ${nameOf(reader)}`,
    reader.generation === 0
      ? "there is no committed offset, and autoOffsetReset is none"
      : reader.lostBy ??
        "the offset is outside of what the log has, and autoOffsetReset is none",
  );
}
