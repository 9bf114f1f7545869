// How the records of groups are keyed whose members the coordinator assigns, and the tables of one
// kind of record as a pair: keys in version 0, values in a version that may carry tags.

import {
  array,
  type Fields,
  int32,
  int64,
  partitionId,
  record,
  string,
  tagged,
  uuid,
} from "../../../protocol/schema.ts";

/** A kind of record of which a group has one. */
export function ofGroup<const F extends Fields>(key: number, name: string, value: F) {
  return keyedBy({ groupId: string }, { key, name, value });
}

/** One of which each of its members has one. */
export function ofMember<const F extends Fields>(key: number, name: string, value: F) {
  return keyedBy({ groupId: string, memberId: string }, { key, name, value });
}

/** One of which a group has any number, by these fields. */
export function keyedBy<const K extends Fields, const F extends Fields>(
  fields: K,
  { key, name, value }: { readonly key: number; readonly name: string; readonly value: F },
) {
  return {
    key: record({ key, name: `${name}Key`, versions: "0", flexible: "none", fields }),
    value: record({ key, name: `${name}Value`, versions: "0", flexible: "0+", fields: value }),
  };
}

/** The epoch of the target assignment. */
export const targetEpochFields = {
  assignmentEpoch: int32,
  assignmentTimestamp: tagged(0, 0, int64),
};

export const topicPartitionsFields = { topicId: uuid, partitions: array(partitionId) };
