// The versions of each API that this client speaks, within what the tables can encode.
//
// Invariant: the newest version here is one whose every obligation the client keeps. Where
// something is written for a topic (Produce 13, OffsetCommit 10) its name does, and its id is not
// used. The oldest are those of Apache Kafka 3.0, so that each request has one shape.

import type { AnyApi } from "../../protocol/mod.ts";

interface Range {
  readonly min: number;
  readonly max: number;
}

/** By API key; an API not listed is spoken at every version of its table. */
const spoken: ReadonlyMap<number, Range> = new Map([
  [0, { min: 3, max: 12 }], // Produce
  [1, { min: 11, max: 18 }], // Fetch: 11 brings current epochs, 13 topic ids
  [2, { min: 1, max: 10 }], // ListOffsets
  [3, { min: 9, max: 12 }], // Metadata
  [8, { min: 2, max: 9 }], // OffsetCommit
  [9, { min: 8, max: 9 }], // OffsetFetch: 8 batches groups
  [10, { min: 4, max: 6 }], // FindCoordinator: 4 batches keys
  [11, { min: 4, max: 9 }], // JoinGroup: 4 hands out member ids
  [13, { min: 3, max: 5 }], // LeaveGroup: 3 names members
  [18, { min: 0, max: 4 }], // ApiVersions: 5 checks the cluster id
  [20, { min: 1, max: 5 }], // DeleteTopics: 6 wants topic ids or names in a struct
  [22, { min: 0, max: 5 }], // InitProducerId: 6 is unstable
]);

/** The versions of `api` that the client may send. */
export function spokenVersions(api: AnyApi): Range {
  const range = spoken.get(api.key) ?? api.versions;
  return {
    min: Math.max(range.min, api.versions.min),
    max: Math.min(range.max, api.versions.max),
  };
}

/** The newest version that both sides know, or undefined when there is none. */
export function agreedVersion(
  api: AnyApi,
  broker: Range | undefined,
  { versionMax = Infinity }: { versionMax?: number } = {},
): number | undefined {
  if (broker === undefined) return undefined;
  const ours = spokenVersions(api);
  const version = Math.min(ours.max, broker.max, versionMax);
  return version >= Math.max(ours.min, broker.min) ? version : undefined;
}
