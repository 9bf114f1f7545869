// ApiVersions (key 18). Which APIs the broker serves, in which versions: the first request of most
// clients.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    flexible; the client names itself (KIP-511); features of the cluster, as tags (KIP-584)
//   v4    a feature may have 0 as its lowest version (KAFKA-17011)
//   v5    the client says which cluster and node it means to reach (KIP-1242)
//
// A version that the broker lacks is answered with error 35 in version 0, and the response header
// is version 0 always, so that any client can read it.

import {
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  from,
  int16,
  int32,
  int64,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  tagged,
} from "../schema.ts";

const supportedFeatureKey = { name: string, minVersion: int16, maxVersion: int16 };

const finalizedFeatureKey = { name: string, maxVersionLevel: int16, minVersionLevel: int16 };

export const ApiVersions = api({
  key: 18,
  name: "ApiVersions",
  versions: "0-5",
  flexible: "3+",
  request: {
    clientSoftwareName: from(3, string),
    clientSoftwareVersion: from(3, string),
    clusterId: from(5, nullableString),
    nodeId: from(5, defaultsTo(-1, brokerId)),
  },
  response: {
    errorCode,
    apiKeys: array({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: from(1, int32),
    supportedFeatures: tagged(0, 3, array(supportedFeatureKey)),
    finalizedFeaturesEpoch: tagged(1, 3, defaultsTo(-1, int64)),
    finalizedFeatures: tagged(2, 3, array(finalizedFeatureKey)),
    zkMigrationReady: tagged(3, 3, boolean),
  },
});

export type ApiVersionsRequest = RequestOf<typeof ApiVersions>;
export type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;
