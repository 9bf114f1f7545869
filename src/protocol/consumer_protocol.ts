// What consumers of a classic group tell each other through the broker: the metadata of JoinGroup
// and the assignment of SyncGroup for protocol type "consumer". A broker passes both on unread.
//
//   bytes = int16 version | fields
//
// v1 owned partitions, for cooperative rebalancing (KIP-429); v2 the generation that they were
// owned in (KIP-792); v3 the consumer's rack (KIP-881). The assignment has the same versions and
// did not change. Invariant: a newer version only adds at the end, so it is read as the newest that
// is known here.

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import {
  array,
  bytes,
  defaultsTo,
  type Fields,
  from,
  type Input,
  int32,
  type Message,
  type MessageInput,
  type MessageOf,
  nullableString,
  orNull,
  partitionId,
  record,
  string,
} from "./schema.ts";

const topicPartition = { topic: string, partitions: array(partitionId) };

export const ConsumerProtocolSubscription = record({
  name: "ConsumerProtocolSubscription",
  versions: "0-3",
  flexible: "none",
  fields: {
    topics: array(string),
    userData: orNull(bytes),
    ownedPartitions: from(1, array(topicPartition)),
    generationId: from(2, defaultsTo(-1, int32)),
    rackId: from(3, nullableString),
  },
});

export const ConsumerProtocolAssignment = record({
  name: "ConsumerProtocolAssignment",
  versions: "0-3",
  flexible: "none",
  fields: {
    assignedPartitions: array(topicPartition),
    userData: orNull(bytes),
  },
});

export type ConsumerSubscription = MessageOf<typeof ConsumerProtocolSubscription>;
export type ConsumerAssignment = MessageOf<typeof ConsumerProtocolAssignment>;

/** A member's metadata, its version in front. */
export function encodeSubscription(
  subscription: MessageInput<typeof ConsumerProtocolSubscription>,
  version: number = ConsumerProtocolSubscription.versions.max,
): Uint8Array {
  return encodeVersioned(ConsumerProtocolSubscription, subscription, version);
}

/** A member's assignment, its version in front. */
export function encodeAssignment(
  assignment: MessageInput<typeof ConsumerProtocolAssignment>,
  version: number = ConsumerProtocolAssignment.versions.max,
): Uint8Array {
  return encodeVersioned(ConsumerProtocolAssignment, assignment, version);
}

/** Reads what {@link encodeSubscription} and any other client wrote. Throws DecodeFault. */
export function decodeSubscription(bytes: Uint8Array): ConsumerSubscription {
  const reader = new BytesReader(bytes);
  return ConsumerProtocolSubscription.decode(reader, knownVersion(reader));
}

/** Reads what {@link encodeAssignment} and any other client wrote. Throws DecodeFault. */
export function decodeAssignment(bytes: Uint8Array): ConsumerAssignment {
  const reader = new BytesReader(bytes);
  return ConsumerProtocolAssignment.decode(reader, knownVersion(reader));
}

function knownVersion(reader: BytesReader): number {
  const version = reader.int16();
  if (version < 0) throw new DecodeFault(`consumer protocol version ${version}`);
  return Math.min(version, ConsumerProtocolSubscription.versions.max);
}

function encodeVersioned<F extends Fields>(
  table: Message<F>,
  message: Input<F>,
  version: number,
): Uint8Array {
  const writer = new BytesWriter();
  writer.int16(version);
  table.encode(writer, message, version);
  return writer.finish();
}
