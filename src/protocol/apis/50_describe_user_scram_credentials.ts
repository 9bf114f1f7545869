// DescribeUserScramCredentials (key 50). Which SCRAM mechanisms users have, with their iterations;
// never the secrets (KIP-554).

import {
  about,
  api,
  array,
  errorCode,
  int32,
  nullable,
  type RequestOf,
  type ResponseOf,
  scramMechanism,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const DescribeUserScramCredentials = api({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: "0",
  flexible: "0+",
  about: "Tells which SCRAM mechanisms users have; never the secrets.",
  errors: {
    response: { ...clusterAccess },
    results: {
      ...clusterAccess,
      RESOURCE_NOT_FOUND: "the user has no credentials",
      DUPLICATE_RESOURCE: "the user stands in the request twice",
    },
  },
  request: {
    users: about(
      "The users to tell of; null is all",
      nullable(array({ name: about("The name of the user", string) })),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    results: array({
      user: about("The name of the user", string),
      errorCode,
      errorMessage: nullable(string),
      credentialInfos: about(
        "What the user has",
        array({
          mechanism: about("The mechanism", scramMechanism),
          iterations: about("How often the password is hashed", int32),
        }),
      ),
    }),
  },
});

export type DescribeUserScramCredentialsRequest = RequestOf<typeof DescribeUserScramCredentials>;
export type DescribeUserScramCredentialsResponse = ResponseOf<typeof DescribeUserScramCredentials>;
