// AlterClientQuotas (key 49). Sets and removes quotas (KIP-546).
//
//   v1    flexible (KIP-482)

import {
  about,
  api,
  array,
  boolean,
  errorCode,
  float64,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const AlterClientQuotas = api({
  key: 49,
  name: "AlterClientQuotas",
  versions: "0-1",
  flexible: "1+",
  about: "Sets and removes quotas.",
  errors: {
    entries: {
      ...clusterAccess,
      INVALID_REQUEST: "a filter or an entity contradicts itself, or a quota is unknown",
      UNSUPPORTED_VERSION: "the broker has no such type of entity",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    entries: about(
      "Quotas by whom they are for",
      array({
        entity: about(
          "Whom the quotas are for",
          array({
            entityType: about("user, client-id or ip", string),
            entityName: about("The name; null is the default of the type", nullable(string)),
          }),
        ),
        ops: about(
          "What to change",
          array({
            key: about("The quota, such as producer_byte_rate", string),
            value: about("Its value, mostly bytes a second", float64),
            remove: about("Whether to remove the quota", boolean),
          }),
        ),
      }),
    ),
    validateOnly: about("Only say whether it would work", boolean),
  },
  response: {
    throttleTimeMs,
    entries: about(
      "Quotas by whom they are for",
      array({
        errorCode,
        errorMessage: nullable(string),
        entity: about(
          "Whom the quotas are for",
          array({
            entityType: about("user, client-id or ip", string),
            entityName: about("The name; null is the default of the type", nullable(string)),
          }),
        ),
      }),
    ),
  },
});

export type AlterClientQuotasRequest = RequestOf<typeof AlterClientQuotas>;
export type AlterClientQuotasResponse = ResponseOf<typeof AlterClientQuotas>;
