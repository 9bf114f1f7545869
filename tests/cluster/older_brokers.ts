// Brokers of an older version in a cluster that is upgraded one after the other: each speaks less
// than this version until it is started again. Whoever asks it, another broker or a client, uses
// what both speak, and so does it when it asks others.
//
//   a new broker --Fetch 15--> an old one      an old broker --Fetch 15--> a new one
//
// Of each request the oldest is in here that the cluster's rules can do with: from Fetch 15 on a
// follower says by which registration it fetches (KIP-903), for one.

import { apiVersions } from "../../src/broker/handlers/18_api_versions.ts";
import {
  type ApiVersions,
  Fetch,
  FindCoordinator,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  OffsetForLeaderEpoch,
  type ResponseOf,
} from "../../src/protocol/mod.ts";

const newest: ReadonlyMap<number, number> = new Map([
  [Fetch.key, 15],
  [ListOffsets.key, 7],
  [Metadata.key, 12],
  [OffsetCommit.key, 8],
  [OffsetFetch.key, 8],
  [FindCoordinator.key, 4],
  [OffsetForLeaderEpoch.key, 3],
]);

/** Has these brokers of this process be older; returns how to end that. */
export function speakingLess(older: ReadonlySet<number>): () => void {
  if (older.size === 0) return () => {};
  const right = apiVersions.handle;
  const less: typeof right = async (request, context) => {
    const answer = await right.call(apiVersions, request, context) as ResponseOf<
      typeof ApiVersions
    >;
    const asker = Number(/^broker-(\d+)$/.exec(context.session.clientId ?? "")?.[1] ?? -1);
    if (!older.has(context.services.nodeId) && !older.has(asker)) return answer;
    const apiKeys = answer.apiKeys.map((range) => ({
      ...range,
      maxVersion: Math.min(range.maxVersion, newest.get(range.apiKey) ?? range.maxVersion),
    }));
    return { ...answer, apiKeys };
  };
  Object.assign(apiVersions, { handle: less });
  return () => void Object.assign(apiVersions, { handle: right });
}
