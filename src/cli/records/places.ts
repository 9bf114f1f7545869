// Places in a partition, as a person says them: an offset, an end, so many before the end, a time.
//
//   earliest   latest   41   -5   2026-01-31T08:00:00Z   @1769846400000   5m ago

import { durationOf } from "../../base/durations.ts";
import type { Offset } from "../../base/ids.ts";
import { parseInt64, saturated } from "../../base/int64.ts";
import {
  type Client,
  listOffsets,
  listRanges,
  type OffsetSpec,
  type TopicPartition,
} from "../../client/mod.ts";
import type { CliContext } from "../context.ts";

/** Where in a partition. `beforeEnd` counts offsets back from the end. */
export type Place = OffsetSpec | Offset | { readonly beforeEnd: number };

/** What a placeholder `PLACE` stands for, for help texts. */
export const placeWords = "earliest, latest, an offset, -5, a time or 5m ago";

const ends: Readonly<Record<string, "earliest" | "latest">> = {
  earliest: "earliest",
  beginning: "earliest",
  start: "earliest",
  latest: "latest",
  end: "latest",
};

/** The place that `text` says; undefined when it says none. */
export function placeOf(text: string, nowMs: number): Place | undefined {
  const end = ends[text];
  if (end !== undefined) return end;
  const exact = /^-?\d+$/.test(text) ? parseInt64(text) : undefined;
  if (exact !== undefined) return exact < 0 ? { beforeEnd: -saturated(exact) } : saturated(exact);
  const timestampMs = momentOf(text, nowMs);
  return timestampMs === undefined ? undefined : { timestampMs };
}

/** The moment that `text` says, in ms since the Unix epoch; undefined when it says none. */
export function momentOf(text: string, nowMs: number): number | undefined {
  if (text === "now") return nowMs;
  const agoMs = /^(.+?)\s*ago$/.exec(text)?.[1];
  const durationMs = agoMs === undefined ? undefined : durationOf(agoMs);
  if (durationMs !== undefined) return nowMs - durationMs;
  const stamp = /^@(\d{1,15})$/.exec(text)?.[1];
  if (stamp !== undefined) return Number(stamp);
  // The parser of dates takes almost anything, "-1" and "orders 7" among it, for a day in 2001.
  if (!/^\d{4}-\d{2}/.test(text)) return undefined;
  const parsedMs = Date.parse(text);
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/**
 * The offsets at `place`, in the order of `partitions`: the nearer end where a log does not reach
 * so far, which is noted, and the end for a time after the last record.
 */
export async function offsetsAt(
  context: CliContext,
  of: { client: Client; partitions: readonly TopicPartition[]; place: Place },
): Promise<(TopicPartition & { readonly offset: Offset })[]> {
  const { client, partitions, place } = of;
  const ranges = await listRanges(client, partitions);
  const isLookedUp = typeof place === "object" && "timestampMs" in place;
  const found = isLookedUp ? await listOffsets(client, partitions, { spec: place }) : undefined;
  return ranges.map(({ topic, partition, first, end }, index) => {
    const wanted = wantedOffset(place, { first, end, found: found?.[index]?.offset });
    const offset = Math.min(Math.max(wanted, first), end);
    if (offset !== wanted && typeof place === "number") {
      context.note(`${topic}-${partition} has the offsets ${first} to ${end}: taking ${offset}.`);
    }
    return { topic, partition, offset };
  });
}

function wantedOffset(
  place: Place,
  log: { readonly first: Offset; readonly end: Offset; readonly found: Offset | undefined },
): Offset {
  if (typeof place === "number") return place;
  if (place === "earliest") return log.first;
  if (place === "latest") return log.end;
  if ("beforeEnd" in place) return log.end - place.beforeEnd;
  return log.found === undefined || log.found < 0 ? log.end : log.found;
}
