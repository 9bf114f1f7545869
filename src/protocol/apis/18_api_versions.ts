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
  about,
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

const supportedFeatureKey = {
  name: string,
  minVersion: about("The lowest version", int16),
  maxVersion: about("The highest version", int16),
};

const finalizedFeatureKey = {
  name: string,
  maxVersionLevel: about("The level that is in force", int16),
  minVersionLevel: about("The lowest level that is in force", int16),
};

export const ApiVersions = api({
  key: 18,
  name: "ApiVersions",
  versions: "0-5",
  flexible: "3+",
  about:
    "Tells which APIs the broker serves, in which versions: the first request of most clients.",
  errors: {
    response: {
      UNSUPPORTED_VERSION: "the client's ApiVersions is too new: ask again with one of apiKeys",
      INVALID_REQUEST: "the client calls itself by a name that is not allowed",
      REBOOTSTRAP_REQUIRED: "the client meant another cluster or node: begin anew",
    },
  },
  request: {
    clientSoftwareName: about("The library that the client is built with", from(3, string)),
    clientSoftwareVersion: about("Its version", from(3, string)),
    clusterId: about("The cluster that the client means", from(5, nullableString)),
    nodeId: about("The broker that the client means; -1 is any", from(5, defaultsTo(-1, brokerId))),
  },
  response: {
    errorCode,
    apiKeys: about(
      "The APIs that are served",
      array({
        apiKey: about("The number of the API, as in every request's header", int16),
        minVersion: about("The lowest version", int16),
        maxVersion: about("The highest version", int16),
      }),
    ),
    throttleTimeMs: from(1, int32),
    supportedFeatures: about("What this broker could do", tagged(0, 3, array(supportedFeatureKey))),
    finalizedFeaturesEpoch: about(
      "Grows with each change of the features; -1 is unknown",
      tagged(1, 3, defaultsTo(-1, int64)),
    ),
    finalizedFeatures: about(
      "What the whole cluster does",
      tagged(2, 3, array(finalizedFeatureKey)),
    ),
    zkMigrationReady: about("Left from Kafka's way off ZooKeeper", tagged(3, 3, boolean)),
  },
});

export type ApiVersionsRequest = RequestOf<typeof ApiVersions>;
export type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;
