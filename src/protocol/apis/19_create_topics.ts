// CreateTopics (key 19). Creates topics, each with its own result.
//
//   v1    validateOnly; error messages
//   v2    throttle time (KIP-124)
//   v3    answered before throttling (KIP-219)
//   v4    -1 partitions or replicas mean the broker's default (KIP-464)
//   v5    flexible; partitions, replicas and configs in the answer (KIP-525)
//   v6    may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
//   v7    topic ids in the answer (KIP-516)

import {
  api,
  array,
  boolean,
  brokerId,
  configValue,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  int8,
  nullable,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  tagged,
  uuid,
} from "../schema.ts";

const creatableTopicConfigs = {
  name: string,
  value: nullable(configValue),
  readOnly: boolean,
  configSource: defaultsTo(-1, int8),
  isSensitive: boolean,
};

export const CreateTopics = api({
  key: 19,
  name: "CreateTopics",
  versions: "0-7",
  flexible: "5+",
  request: {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({ partitionIndex: partitionId, brokerIds: array(brokerId) }),
      configs: array({ name: string, value: nullable(configValue) }),
    }),
    timeoutMs: defaultsTo(60_000, int32),
    validateOnly: from(1, essential(boolean)),
  },
  response: {
    throttleTimeMs: from(2, int32),
    topics: array({
      name: string,
      topicId: from(7, uuid),
      errorCode,
      errorMessage: from(1, nullable(string)),
      topicConfigErrorCode: tagged(0, 5, errorCode),
      numPartitions: from(5, defaultsTo(-1, int32)),
      replicationFactor: from(5, defaultsTo(-1, int16)),
      configs: from(5, nullable(array(creatableTopicConfigs))),
    }),
  },
});

export type CreateTopicsRequest = RequestOf<typeof CreateTopics>;
export type CreateTopicsResponse = ResponseOf<typeof CreateTopics>;
