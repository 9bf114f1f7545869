// OffsetFetch (key 9). How far a group has read, as it committed.
//
//   v0    offsets that Kafka once kept in ZooKeeper
//   v1    offsets from __consumer_offsets
//   v2    null topics means all; an error code for the whole answer (KIP-88)
//   v3    throttle time (KIP-124)
//   v4    answered before throttling (KIP-219)
//   v5    leader epoch of the offset (KIP-320)
//   v6    flexible (KIP-482)
//   v7    requireStable: refuses offsets of an open transaction (KIP-447)
//   v8    many groups in one request (KIP-709)
//   v9    consumer groups: member id and epoch (KIP-848)
//   v10   topic ids in place of names (KIP-848)

import {
  about,
  api,
  array,
  between,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  leaderEpoch,
  nullable,
  nullableFrom,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  until,
  uuid,
} from "../schema.ts";
import { offsetFetchErrors } from "../shared_errors.ts";

const offsetFetchRequestTopic = {
  name: string,
  partitionIndexes: about("The numbers of the partitions", array(partitionId)),
};

const offsetFetchRequestGroup = {
  groupId: string,
  memberId: from(9, nullableString),
  memberEpoch: about(
    "The epoch of the member, checked where it is not -1",
    from(9, defaultsTo(-1, int32)),
  ),
  topics: about(
    "The partitions to tell of; null is all that the group committed",
    nullable(array({
      name: until(9, string),
      topicId: from(10, uuid),
      partitionIndexes: about("The numbers of the partitions", array(partitionId)),
    })),
  ),
};

const offsetFetchResponseTopic = {
  name: string,
  partitions: array({
    partitionIndex: partitionId,
    committedOffset: about("The next offset to be read; -1 where nothing was committed", offset),
    committedLeaderEpoch: about(
      "The epoch of the last record that was read; -1 is unknown",
      from(5, defaultsTo(-1, leaderEpoch)),
    ),
    metadata: about("What the client wanted to remember beside it", nullable(string)),
    errorCode,
  }),
};

const offsetFetchResponseGroup = {
  groupId: string,
  topics: array({
    name: until(9, string),
    topicId: from(10, uuid),
    partitions: array({
      partitionIndex: partitionId,
      committedOffset: about("The next offset to be read; -1 where nothing was committed", offset),
      committedLeaderEpoch: about(
        "The epoch of the last record that was read; -1 is unknown",
        defaultsTo(-1, leaderEpoch),
      ),
      metadata: about("What the client wanted to remember beside it", nullable(string)),
      errorCode,
    }),
  }),
  errorCode,
};

export const OffsetFetch = api({
  key: 9,
  name: "OffsetFetch",
  versions: "0-10",
  flexible: "6+",
  about: "Tells how far groups have read, as they committed it.",
  errors: {
    response: offsetFetchErrors,
    groups: offsetFetchErrors,
    partitions: {
      ...offsetFetchErrors,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      UNKNOWN_TOPIC_ID: "no topic has this id",
      UNSTABLE_OFFSET_COMMIT: "an open transaction may change the offset: ask again",
    },
  },
  request: {
    groupId: until(7, essential(string)),
    topics: about(
      "The partitions to tell of; null is all that the group committed",
      until(7, essential(nullableFrom(2, array(offsetFetchRequestTopic)))),
    ),
    groups: about("The groups to tell of", from(8, essential(array(offsetFetchRequestGroup)))),
    requireStable: about(
      "Refuse offsets that an open transaction may change",
      from(7, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs: from(3, int32),
    topics: until(7, array(offsetFetchResponseTopic)),
    errorCode: between(2, 7, errorCode),
    groups: from(8, array(offsetFetchResponseGroup)),
  },
});

export type OffsetFetchRequest = RequestOf<typeof OffsetFetch>;
export type OffsetFetchResponse = ResponseOf<typeof OffsetFetch>;
