// Every API that this broker serves, a line each, here or in late.ts. ApiVersions, the dispatcher
// and COMPATIBILITY.md read these lists, so what is advertised, answered and documented cannot
// differ.

import type { Handler } from "../handler.ts";
import { produce } from "./00_produce.ts";
import { fetch } from "./01_fetch.ts";
import { listOffsets } from "./02_list_offsets.ts";
import { metadata } from "./03_metadata.ts";
import { offsetCommit } from "./08_offset_commit.ts";
import { offsetFetch } from "./09_offset_fetch.ts";
import { findCoordinator } from "./10_find_coordinator.ts";
import { joinGroup } from "./11_join_group.ts";
import { heartbeat } from "./12_heartbeat.ts";
import { leaveGroup } from "./13_leave_group.ts";
import { syncGroup } from "./14_sync_group.ts";
import { apiVersions } from "./18_api_versions.ts";
import { createTopics } from "./19_create_topics.ts";
import { deleteTopics } from "./20_delete_topics.ts";
import { initProducerId } from "./22_init_producer_id.ts";
import { offsetForLeaderEpoch } from "./23_offset_for_leader_epoch.ts";
import { lateHandlers } from "./late.ts";

export { lateHandlers } from "./late.ts";

const served: readonly Handler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  offsetForLeaderEpoch,
];

/** The handlers that are loaded from the start, by API key. */
export const handlers: ReadonlyMap<number, Handler> = new Map(
  served.map((each) => [each.api.key, each]),
);

/** Key of ApiVersions, the one API whose unknown versions are answered. */
export const apiVersionsKey = apiVersions.api.key;

/** All handlers, in the order of their keys. */
export async function allHandlers(): Promise<Handler[]> {
  const loaded = await Promise.all([...lateHandlers.values()].map(({ load }) => load()));
  return [...served, ...loaded].sort((a, b) => a.api.key - b.api.key);
}

const ranges = [
  ...served.map(({ api, serves }) => ({ apiKey: api.key, ...serves })),
  ...[...lateHandlers.values()].map(({ key, serves }) => ({ apiKey: key, ...serves })),
].sort((a, b) => a.apiKey - b.apiKey)
  .map(({ apiKey, min, max }) => ({ apiKey, minVersion: min, maxVersion: max }));

/** GetTelemetrySubscriptions and PushTelemetry. */
const telemetryKeys: ReadonlySet<number> = new Set([71, 72]);
const rangesWithoutTelemetry = ranges.filter(({ apiKey }) => !telemetryKeys.has(apiKey));

/**
 * The ranges that ApiVersions tells. Clients push their metrics as soon as they are told that they
 * can, so those APIs are told only where somebody has asked for `clientMetrics` (KIP-714).
 */
export function supportedVersions({ clientMetrics }: { readonly clientMetrics: boolean }) {
  return clientMetrics ? ranges : rangesWithoutTelemetry;
}
