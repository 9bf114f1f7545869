// SCRAM credentials in the metadata (KIP-554): what a client proves its password against.
//
//   client: password, salt, iterations --PBKDF2--> salted password --request--> here
//   stored: H(HMAC(salted password, "Client Key")), HMAC(salted password, "Server Key")
//
// The salted password is not stored: whoever reads the log cannot log in with what it holds.
// Differs from Kafka: one AlterUserScramCredentials request may change several mechanisms of a
// user, as kafka-configs.sh offers to; only the same mechanism twice is refused.
//
// Invariant: no cryptography here; the two keys are computed by a function that the caller gives.

import { utf8 } from "../../base/bytes.ts";
import { ErrorCode, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type {
  AlterUserScramCredentials,
} from "../../protocol/apis/51_alter_user_scram_credentials.ts";
import type {
  DescribeUserScramCredentials,
} from "../../protocol/apis/50_describe_user_scram_credentials.ts";
import { metadataVersionFeature } from "../feature_levels.ts";
import type { MetadataImage } from "../image/image.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

/** Kafka's numbers of the mechanisms. */
export const ScramMechanism = { SCRAM_SHA_256: 1, SCRAM_SHA_512: 2 } as const;

/** Hashes of one mechanism. */
export interface ScramHashes {
  hash(bytes: Uint8Array): Uint8Array;
  hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

type AlterRequest = RequestOf<typeof AlterUserScramCredentials>;
type AlterResponse = ResponseInput<typeof AlterUserScramCredentials>;
type DescribeRequest = RequestOf<typeof DescribeUserScramCredentials>;
type DescribeResponse = ResponseInput<typeof DescribeUserScramCredentials>;

const mechanisms: ReadonlySet<number> = new Set(Object.values(ScramMechanism));
const iterationsMin = 4096;
const iterationsMax = 16_384;
/** metadata.version 3.5-IV2 brought the record. */
const scramSince = 11;

/** Answers AlterUserScramCredentials: one result for each user, all of a user's changes or none. */
export function decideAlterScram(
  image: MetadataImage,
  request: AlterRequest,
  options: { readonly hashesOf: (mechanism: number) => ScramHashes },
): Decision<AlterResponse> {
  const problems = new Map<string, Refusal | undefined>();
  const records = new Map<string, MetadataRecordInput[]>();
  const seen = new Set<string>();
  const take = (name: string, mechanism: number, problem: Refusal | undefined) => {
    const twice = seen.has(`${mechanism} ${name}`)
      ? refusal(
        ErrorCode.DUPLICATE_RESOURCE,
        "A user credential cannot be altered twice in the same request",
      )
      : undefined;
    seen.add(`${mechanism} ${name}`);
    // A user's first problem is told; that it is named twice is none of the first change's.
    problems.set(name, problems.get(name) ?? twice ?? problem);
  };
  const add = (name: string, record: MetadataRecordInput) => {
    records.set(name, [...(records.get(name) ?? []), record]);
  };
  for (const { name, mechanism } of request.deletions) {
    take(name, mechanism, checkDeletion(image, name, mechanism));
    const fields = { name, mechanism };
    add(name, { type: "RemoveUserScramCredentialRecord", version: 0, fields });
  }
  for (const upsertion of request.upsertions) {
    const { name, mechanism, iterations, salt, saltedPassword } = upsertion;
    const problem = checkUpsertion(image, upsertion);
    take(name, mechanism, problem);
    if (problem !== undefined) continue;
    const { hash, hmac } = options.hashesOf(mechanism);
    const fields = {
      name,
      mechanism,
      salt,
      storedKey: hash(hmac(saltedPassword, utf8("Client Key"))),
      serverKey: hmac(saltedPassword, utf8("Server Key")),
      iterations,
    };
    add(name, { type: "UserScramCredentialRecord", version: 0, fields });
  }
  const good = [...problems].filter(([, problem]) => problem === undefined).map(([name]) => name);
  const results = [...problems].map(([user, problem]) => ({
    user,
    ...(problem ?? { errorCode: ErrorCode.NONE, errorMessage: null }),
  }));
  return { records: good.flatMap((name) => records.get(name) ?? []), response: { results } };
}

function checkName(image: MetadataImage, name: string, mechanism: number): Refusal | undefined {
  if ((image.features.get(metadataVersionFeature) ?? scramSince) < scramSince) {
    return refusal(
      ErrorCode.UNSUPPORTED_VERSION,
      "The current metadata.version does not support SCRAM",
    );
  }
  if (name === "") return refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Username must not be empty");
  if (mechanisms.has(mechanism)) return undefined;
  return refusal(ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism");
}

function checkDeletion(
  image: MetadataImage,
  name: string,
  mechanism: number,
): Refusal | undefined {
  const problem = checkName(image, name, mechanism);
  if (problem !== undefined || image.scramCredentials(name).has(mechanism)) return problem;
  return refusal(
    ErrorCode.RESOURCE_NOT_FOUND,
    "Attempt to delete a user credential that does not exist",
  );
}

function checkUpsertion(
  image: MetadataImage,
  { name, mechanism, iterations, saltedPassword }: AlterRequest["upsertions"][number],
): Refusal | undefined {
  const problem = checkName(image, name, mechanism);
  if (problem !== undefined) return problem;
  const unacceptable = (message: string) => refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, message);
  if (saltedPassword.length === 0) return unacceptable("Salted password must not be empty");
  if (iterations < iterationsMin) return unacceptable("Too few iterations");
  return iterations > iterationsMax ? unacceptable("Too many iterations") : undefined;
}

/** Answers DescribeUserScramCredentials: mechanisms and iterations, never the keys. */
export function describeScram(image: MetadataImage, request: DescribeRequest): DescribeResponse {
  const named = (request.users ?? []).map(({ name }) => name);
  const names = named.length === 0 ? image.scramUsers() : [...new Set(named)];
  const results = names.map((user) => {
    const credentials = image.scramCredentials(user);
    const failed = (errorCode: ErrorCode, errorMessage: string) => ({
      user,
      errorCode,
      errorMessage,
      credentialInfos: [],
    });
    if (named.filter((name) => name === user).length > 1) {
      const message = "Cannot describe SCRAM credentials for the same user twice in a single " +
        `request: ${user}`;
      return failed(ErrorCode.DUPLICATE_RESOURCE, message);
    }
    if (credentials.size === 0) {
      const message = `Attempt to describe a user credential that does not exist: ${user}`;
      return failed(ErrorCode.RESOURCE_NOT_FOUND, message);
    }
    const credentialInfos = [...credentials].map(([mechanism, { iterations }]) => ({
      mechanism,
      iterations,
    }));
    return { user, errorCode: ErrorCode.NONE, errorMessage: "", credentialInfos };
  });
  return { errorCode: ErrorCode.NONE, errorMessage: "", results };
}
