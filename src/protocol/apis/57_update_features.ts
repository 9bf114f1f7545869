// UpdateFeatures (key 57). Finalizes feature levels for the whole cluster (KIP-584).
//
//   v1    kinds of downgrade in place of a flag; only validating (KIP-778)
//   v2    no more results by feature: all are updated, or none

import {
  about,
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
  upgradeType,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const UpdateFeatures = api({
  key: 57,
  name: "UpdateFeatures",
  versions: "0-2",
  flexible: "0+",
  about: "Decides for the whole cluster which level of its features is in force.",
  errors: {
    response: {
      ...clusterAccess,
      INVALID_UPDATE_VERSION: "a level is not one that all brokers have",
      INVALID_REQUEST: "the request contradicts itself",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
    results: {
      ...clusterAccess,
      INVALID_UPDATE_VERSION: "the level is not one that all brokers have",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    timeoutMs: about("How long to wait", defaultsTo(60_000, int32)),
    featureUpdates: about(
      "The features to change",
      array({
        feature: about("The name of the feature", string),
        maxVersionLevel: about("The level that is to be in force", int16),
        allowDowngrade: about("Whether the level may go down", until(0, essential(boolean))),
        upgradeType: about(
          "How far the level may go down",
          from(1, essential(defaultsTo(1, upgradeType))),
        ),
      }),
    ),
    validateOnly: about("Only say whether it would work", from(1, essential(boolean))),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    results: until(
      1,
      array({
        feature: about("The name of the feature", string),
        errorCode,
        errorMessage: nullable(string),
      }),
    ),
  },
});

export type UpdateFeaturesRequest = RequestOf<typeof UpdateFeatures>;
export type UpdateFeaturesResponse = ResponseOf<typeof UpdateFeatures>;
