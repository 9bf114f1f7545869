// What clients' passwords are checked against.
//
//   SCRAM   the credentials that AlterUserScramCredentials keeps in the metadata
//   PLAIN   the users of the listener's sasl.jaas.config; where it has none, the same credentials
//
// Invariant: a check takes as long, whether there is such a user or not.

import { fromUtf8, secretsEqual, utf8 } from "../../base/bytes.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { ScramCredential } from "../../cluster/principals.ts";
import { ScramMechanism } from "../../cluster/scram.ts";
import type { DigestAlgorithm, Digests } from "../../runtime/ports.ts";
import type { PasswordCheck } from "./plain.ts";

export interface CredentialsOptions {
  readonly digests: Digests;
  readonly image: () => Pick<MetadataImage, "scramCredentials">;
  /** Unknown outside: what decoys are made of. */
  readonly secret: Uint8Array;
}

/** SCRAM's mechanisms: Kafka's numbers and the hashes that they are of. */
const hashes: readonly (readonly [mechanism: number, algorithm: DigestAlgorithm])[] = [
  [ScramMechanism.SCRAM_SHA_512, "sha512"],
  [ScramMechanism.SCRAM_SHA_256, "sha256"],
];
/** Those of kafka-configs, so that a decoy looks like any credential. */
const decoyIterations = 4_096;
const decoySaltLength = 26;

/** The users of one broker. */
export class Credentials {
  readonly #options: CredentialsOptions;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** A user's credential for one mechanism, if there is one. */
  stored(user: string, mechanism: number): ScramCredential | undefined {
    return this.#options.image().scramCredentials(user).get(mechanism);
  }

  /** A credential that nobody can prove to know, the same for each name whenever it is asked. */
  decoy(user: string, algorithm: DigestAlgorithm): ScramCredential {
    const { digests, secret: key } = this.#options;
    const made = digests.hmac(algorithm, { key, bytes: utf8(user) });
    const salt = fromUtf8(
      made.map((byte) => "0123456789abcdefghijklmnopqrstuv".charCodeAt(byte & 31)),
    )
      .slice(0, decoySaltLength);
    return { salt: utf8(salt), storedKey: made, serverKey: made, iterations: decoyIterations };
  }

  /** Checks passwords against these users. */
  checkOf(users: ReadonlyMap<string, string>): PasswordCheck {
    const { digests, secret: key } = this.#options;
    const digest = (text: string) => digests.hmac("sha256", { key, bytes: utf8(text) });
    return (user, password) => {
      const expected = users.get(user);
      const isSame = secretsEqual(digest(password), digest(expected ?? ""));
      return Promise.resolve(isSame && expected !== undefined);
    };
  }

  /** Checks them against what is stored. */
  readonly checkStored: PasswordCheck = async (user, password) => {
    const { digests } = this.#options;
    const [mechanism, algorithm] = hashes.find(([each]) => this.stored(user, each)) ??
      [ScramMechanism.SCRAM_SHA_512, "sha512"];
    const credential = this.stored(user, mechanism);
    const { salt, iterations, storedKey } = credential ?? this.decoy(user, algorithm);
    const salted = await digests.pbkdf2(algorithm, { password: utf8(password), salt, iterations });
    const clientKey = digests.hmac(algorithm, { key: salted, bytes: utf8("Client Key") });
    const isSame = secretsEqual(digests.hash(algorithm, clientKey), storedKey);
    return isSame && credential !== undefined;
  };
}
