// DescribeUserScramCredentials (key 50). Which SCRAM mechanisms users have, with their iterations;
// never the secrets (KIP-554).

import {
  api,
  array,
  errorCode,
  int32,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeUserScramCredentials = api({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: "0",
  flexible: "0+",
  request: { users: nullable(array({ name: string })) },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    results: array({
      user: string,
      errorCode,
      errorMessage: nullable(string),
      credentialInfos: array({ mechanism: int8, iterations: int32 }),
    }),
  },
});

export type DescribeUserScramCredentialsRequest = RequestOf<typeof DescribeUserScramCredentials>;
export type DescribeUserScramCredentialsResponse = ResponseOf<typeof DescribeUserScramCredentials>;
