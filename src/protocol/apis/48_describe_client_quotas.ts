// DescribeClientQuotas (key 48). The quotas of the users, client ids and addresses that a filter
// matches (KIP-546).
//
//   v1    flexible (KIP-482)

import {
  api,
  array,
  boolean,
  errorCode,
  float64,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeClientQuotas = api({
  key: 48,
  name: "DescribeClientQuotas",
  versions: "0-1",
  flexible: "1+",
  request: {
    components: array({ entityType: string, matchType: int8, match: nullable(string) }),
    strict: boolean,
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    entries: nullable(array({
      entity: array({ entityType: string, entityName: nullable(string) }),
      values: array({ key: string, value: float64 }),
    })),
  },
});

export type DescribeClientQuotasRequest = RequestOf<typeof DescribeClientQuotas>;
export type DescribeClientQuotasResponse = ResponseOf<typeof DescribeClientQuotas>;
