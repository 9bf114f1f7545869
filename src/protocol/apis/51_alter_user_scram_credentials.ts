// AlterUserScramCredentials (key 51). Sets and removes users' SCRAM credentials (KIP-554).
//
// The password never travels: what is sent is salted already.

import {
  about,
  api,
  array,
  bytes,
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

export const AlterUserScramCredentials = api({
  key: 51,
  name: "AlterUserScramCredentials",
  versions: "0",
  flexible: "0+",
  about: "Sets and removes the SCRAM credentials of users.",
  errors: {
    results: {
      ...clusterAccess,
      RESOURCE_NOT_FOUND: "there is nothing to remove",
      DUPLICATE_RESOURCE: "the user stands in the request twice",
      UNACCEPTABLE_CREDENTIAL: "the name is empty, or the iterations too few or too many",
      UNSUPPORTED_SASL_MECHANISM: "there is no such mechanism",
      UNSUPPORTED_VERSION: "the cluster's metadata version has no credentials",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    deletions: about(
      "The credentials to remove",
      array({
        name: about("The name of the user", string),
        mechanism: about("The mechanism", scramMechanism),
      }),
    ),
    upsertions: about(
      "The credentials to set",
      array({
        name: about("The name of the user", string),
        mechanism: about("The mechanism", scramMechanism),
        iterations: about("How often the password is hashed", int32),
        salt: about("The salt", bytes),
        saltedPassword: about("The password, hashed: it never travels itself", bytes),
      }),
    ),
  },
  response: {
    throttleTimeMs,
    results: array({
      user: about("The name of the user", string),
      errorCode,
      errorMessage: nullable(string),
    }),
  },
});

export type AlterUserScramCredentialsRequest = RequestOf<typeof AlterUserScramCredentials>;
export type AlterUserScramCredentialsResponse = ResponseOf<typeof AlterUserScramCredentials>;
