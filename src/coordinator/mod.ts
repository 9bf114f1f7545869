// The coordinator's face: a GroupTable per __consumer_offsets partition, and the outcomes that it
// hands to its shell (src/broker), which appends records, delivers answers and keeps the time.

export { type GroupConfig, groupConfigDefaults } from "./group_config.ts";
export { type At, GroupTable, type GroupTableOptions } from "./group_table.ts";
export type { DescribedGroup, ListedGroup } from "./describe.ts";
export type { JoinInput } from "./join_request.ts";
export type { FetchedGroup, HasPendingOffset, OffsetFetchGroup } from "./offsets.ts";
export type { Answer, GroupResponse, Note, Outcome, Token } from "./outcome.ts";
export {
  type CoordinatorRecord,
  decode,
  type DecodedCoordinatorRecord,
  encodeKey,
  encodeValue,
} from "./records.ts";
export type { StoredRecord } from "./stored_records.ts";

/** The tables of every kind of record in the coordinators' topics, for those who print them. */
export const loadStoredRecords = () => import("./stored_records.ts");
