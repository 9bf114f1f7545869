// What clients' passwords are checked against.
//
//   SCRAM   the credentials that AlterUserScramCredentials keeps in the metadata
//   PLAIN   the users of the listener's sasl.jaas.config; where it has none, the same credentials
//
// Invariant: a check takes as long, whether there is such a user or not, and asks the same. Who
// does not exist is like one of those who do: with as many iterations, and a salt of that kind.

import { secretsEqual, utf8 } from "../../base/bytes.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { ScramCredential } from "../../cluster/access/principals.ts";
import { ScramMechanism } from "../../cluster/access/scram.ts";
import type { Digests } from "../../runtime/ports.ts";
import type { PasswordCheck } from "./plain.ts";
import { scramAlgorithm } from "./scram_hashes.ts";

export interface CredentialsOptions {
  readonly digests: Digests;
  readonly image: () => Pick<MetadataImage, "scramCredentials" | "someScramCredentials">;
  /** Unknown outside: what decoys are made of. */
  readonly secret: Uint8Array;
}

/** PLAIN is checked by the first that a user has. */
const mechanisms = [ScramMechanism.SCRAM_SHA_512, ScramMechanism.SCRAM_SHA_256];
/** What kafka-configs makes: a decoy's where there is no user to be like. */
const usualIterations = 4_096;
const usualSalt = utf8("0123456789abcdefghijklmnop");
const saltLetters = utf8("0123456789abcdefghijklmnopqrstuv");

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
  decoy(user: string, mechanism: number): ScramCredential {
    const { digests, secret: key, image } = this.#options;
    const algorithm = scramAlgorithm(mechanism);
    const made = digests.hmac(algorithm, { key, bytes: utf8(user) });
    const like = image().someScramCredentials().get(mechanism);
    const { salt = usualSalt, iterations = usualIterations } = like ?? {};
    const isText = salt.every((byte) => saltLetters.includes(byte));
    const own = salt.map((_, i) => {
      const byte = made[i % made.length] ?? 0;
      return isText ? saltLetters[byte & 31] ?? 0 : byte;
    });
    return { salt: own, storedKey: made, serverKey: made, iterations };
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
    const { digests, image } = this.#options;
    const some = image().someScramCredentials();
    const mechanism = mechanisms.find((each) => this.stored(user, each)) ??
      mechanisms.find((each) => some.has(each)) ?? ScramMechanism.SCRAM_SHA_512;
    const algorithm = scramAlgorithm(mechanism);
    const credential = this.stored(user, mechanism);
    // Made for who exists, too: it takes as long.
    const decoy = this.decoy(user, mechanism);
    const { salt, iterations, storedKey } = credential ?? decoy;
    const salted = await digests.pbkdf2(algorithm, { password: utf8(password), salt, iterations });
    const clientKey = digests.hmac(algorithm, { key: salted, bytes: utf8("Client Key") });
    const isSame = secretsEqual(digests.hash(algorithm, clientKey), storedKey);
    return isSame && credential !== undefined;
  };
}
