// Every protocol table that there is, under the name of Kafka's definition of it: what is compared
// with those definitions, fuzzed, and held against the bytes of Kafka's own code.

import { RequestHeaderTable, ResponseHeaderTable } from "../src/protocol/mod.ts";
import { everyApi } from "./every_api.ts";
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from "../src/protocol/consumer_protocol.ts";
import type { AnyMessage, RecordTable } from "../src/protocol/schema.ts";
import * as quorumRecords from "../src/cluster/records/quorum_records.ts";
import { metadataRecords } from "../src/cluster/records/record_tables.ts";
import * as storageRecords from "../src/cluster/records/storage_records.ts";
import { consumerTables } from "../src/coordinator/groups/consumer/records.ts";
import { GroupMetadataKey, GroupMetadataValue } from "../src/coordinator/groups/classic/records.ts";
import {
  LegacyOffsetCommitKey,
  LegacyOffsetCommitValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from "../src/coordinator/groups/offsets/records.ts";
import { shareTables } from "../src/coordinator/groups/share/records.ts";
import * as shareStateRecords from "../src/coordinator/share_state/records.ts";
import { streamsTables } from "../src/coordinator/groups/streams/records.ts";
import * as transactionRecords from "../src/coordinator/transactions/records.ts";

/** A table here, under the name of its definition. */
export interface NamedTable {
  readonly name: string;
  readonly table: AnyMessage;
  /** The key that the definition must have; undefined where it has none. */
  readonly key: number | undefined;
}

/** Every table of ours. */
export function everyTable(): NamedTable[] {
  const ofApis = [...everyApi.values()].flatMap(({ key, name, request, response }) => [
    { name: `${name}Request`, table: request, key },
    { name: `${name}Response`, table: response, key },
  ]);
  const others: RecordTable[] = [
    RequestHeaderTable,
    ResponseHeaderTable,
    ConsumerProtocolSubscription,
    ConsumerProtocolAssignment,
    LegacyOffsetCommitKey,
    LegacyOffsetCommitValue,
    OffsetCommitKey,
    OffsetCommitValue,
    GroupMetadataKey,
    GroupMetadataValue,
    ...[consumerTables, shareTables, streamsTables].flatMap((tables) =>
      Object.values(tables).flatMap(({ key, value }): RecordTable[] => [key, value])
    ),
    ...Object.values(shareStateRecords),
    ...Object.values(transactionRecords),
    ...Object.values(metadataRecords),
    ...Object.values(quorumRecords),
    ...Object.values(storageRecords),
  ];
  return [
    ...ofApis,
    ...others.map((table) => ({
      name: table.name,
      table,
      key: table.key < 0 ? undefined : table.key,
    })),
  ];
}
