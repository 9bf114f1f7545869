// UpdateFeatures (key 57). Finalizes feature levels for the whole cluster (KIP-584).
//
//   v1    kinds of downgrade in place of a flag; only validating (KIP-778)
//   v2    no more results by feature: all are updated, or none

import {
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
} from "../schema.ts";

export const UpdateFeatures = api({
  key: 57,
  name: "UpdateFeatures",
  versions: "0-2",
  flexible: "0+",
  request: {
    timeoutMs: defaultsTo(60_000, int32),
    featureUpdates: array({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: until(0, essential(boolean)),
      upgradeType: from(1, essential(defaultsTo(1, int8))),
    }),
    validateOnly: from(1, essential(boolean)),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    results: until(1, array({ feature: string, errorCode, errorMessage: nullable(string) })),
  },
});

export type UpdateFeaturesRequest = RequestOf<typeof UpdateFeatures>;
export type UpdateFeaturesResponse = ResponseOf<typeof UpdateFeatures>;
