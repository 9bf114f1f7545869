// AlterClientQuotas (key 49). Sets and removes quotas (KIP-546).
//
//   v1    flexible (KIP-482)

import {
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

export const AlterClientQuotas = api({
  key: 49,
  name: "AlterClientQuotas",
  versions: "0-1",
  flexible: "1+",
  request: {
    entries: array({
      entity: array({ entityType: string, entityName: nullable(string) }),
      ops: array({ key: string, value: float64, remove: boolean }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs,
    entries: array({
      errorCode,
      errorMessage: nullable(string),
      entity: array({ entityType: string, entityName: nullable(string) }),
    }),
  },
});

export type AlterClientQuotasRequest = RequestOf<typeof AlterClientQuotas>;
export type AlterClientQuotasResponse = ResponseOf<typeof AlterClientQuotas>;
