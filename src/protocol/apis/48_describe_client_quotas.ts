// DescribeClientQuotas (key 48). The quotas of the users, client ids and addresses that a filter
// matches (KIP-546).
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
  quotaMatchType,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const DescribeClientQuotas = api({
  key: 48,
  name: "DescribeClientQuotas",
  versions: "0-1",
  flexible: "1+",
  about: "Lists the quotas of the users, client ids and addresses that a filter matches.",
  errors: {
    response: {
      ...clusterAccess,
      INVALID_REQUEST: "a filter or an entity contradicts itself, or a quota is unknown",
      UNSUPPORTED_VERSION: "the broker has no such type of entity",
    },
  },
  request: {
    components: about(
      "What an entry must have",
      array({
        entityType: about("user, client-id or ip", string),
        matchType: about("How the name is compared", quotaMatchType),
        match: about("The name; null unless it is exact", nullable(string)),
      }),
    ),
    strict: about("Whether an entry may have nothing else", boolean),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    entries: about(
      "Quotas by whom they are for",
      nullable(array({
        entity: about(
          "Whom the quotas are for",
          array({
            entityType: about("user, client-id or ip", string),
            entityName: about("The name; null is the default of the type", nullable(string)),
          }),
        ),
        values: about(
          "The quotas",
          array({
            key: about("The quota, such as producer_byte_rate", string),
            value: about("Its value, mostly bytes a second", float64),
          }),
        ),
      })),
    ),
  },
});

export type DescribeClientQuotasRequest = RequestOf<typeof DescribeClientQuotas>;
export type DescribeClientQuotasResponse = ResponseOf<typeof DescribeClientQuotas>;
