// Users that log in by SCRAM, for tools: list, set passwords, remove.
//
// A password never leaves the client: what a broker is sent is derived from it, with a salt of the
// user's own (RFC 5802). Loaded when it is asked for.

import { utf8 } from "../../base/bytes.ts";
import { AlterUserScramCredentials } from "../../protocol/apis/51_alter_user_scram_credentials.ts";
import {
  DescribeUserScramCredentials,
} from "../../protocol/apis/50_describe_user_scram_credentials.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";

/** A user with the mechanisms by which it can log in. */
export interface ListedUser {
  /** Its name. */
  readonly name: string;
  /** The mechanisms that it has a credential for, such as `SCRAM-SHA-256`. */
  readonly mechanisms: readonly string[];
}

/** Kafka's numbers of the mechanisms. */
const mechanisms = [
  { number: 1, name: "SCRAM-SHA-256", algorithm: "sha256" },
  { number: 2, name: "SCRAM-SHA-512", algorithm: "sha512" },
] as const;

/** As many as kafka-configs takes. */
const iterations = 4_096;
const saltBytes = 16;

/** All users, by name. */
export async function listUsers(client: Client): Promise<ListedUser[]> {
  const answer = await client.request(DescribeUserScramCredentials, { users: null }, {
    to: "any",
  });
  checkCode(answer.errorCode, "list users", answer.errorMessage);
  return answer.results.map(({ user, credentialInfos }) => ({
    name: user,
    mechanisms: credentialInfos.map(({ mechanism }) =>
      mechanisms.find(({ number }) => number === mechanism)?.name ?? `mechanism ${mechanism}`
    ),
  }));
}

/** Sets the password of a user, for all mechanisms; makes the user when there is none. */
export async function setPassword(
  client: Client,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<void> {
  const { digests, random } = client.ports;
  const upsertions = await Promise.all(mechanisms.map(async ({ number, algorithm }) => {
    const salt = random.bytes(saltBytes);
    const of = { password: utf8(password), salt, iterations };
    const saltedPassword = await digests.pbkdf2(algorithm, of);
    return { name, mechanism: number, iterations, salt, saltedPassword };
  }));
  const about = `set the password of ${name}`;
  const answer = await client.request(
    AlterUserScramCredentials,
    { deletions: [], upsertions },
    { to: "controller" },
  );
  checkResults(answer.results, about);
}

/** Removes a user: it cannot log in any more. Who is in stays in. */
export async function removeUser(client: Client, name: string): Promise<void> {
  const user = (await listUsers(client)).find((each) => each.name === name);
  const about = `remove user ${name}`;
  if (user === undefined) throw new KafkaError(ErrorCode.RESOURCE_NOT_FOUND, about);
  const deletions = mechanisms.filter((each) => user.mechanisms.includes(each.name))
    .map(({ number }) => ({ name, mechanism: number }));
  const answer = await client.request(
    AlterUserScramCredentials,
    { deletions, upsertions: [] },
    { to: "controller" },
  );
  checkResults(answer.results, about);
}

function checkResults(
  results: readonly { readonly errorCode: ErrorCode; readonly errorMessage: string | null }[],
  about: string,
): void {
  for (const { errorCode, errorMessage } of results) checkCode(errorCode, about, errorMessage);
}
