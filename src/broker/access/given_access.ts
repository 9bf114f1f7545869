// Users and access rules that a program starts its broker with: they are in the metadata, and
// durable, before the first client can connect. What a data folder has besides them stays.
//
// Invariant: a user whose password is the given one already, and a rule that is there, are not
// written again, however often a broker starts.

import { secretsEqual, utf8 } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";
import { drained } from "../../base/pieces.ts";
import { decideCreateAcls } from "../../cluster/access/acl_requests.ts";
import type { Acl } from "../../cluster/access/acls.ts";
import type { ChangeQueue, MetadataImage } from "../../cluster/mod.ts";
import { decideAlterScram, ScramMechanism } from "../../cluster/access/scram.ts";
import type { Uuid } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Digests, Random } from "../../runtime/ports.ts";
import { scramAlgorithm, scramHashes } from "../authentication/scram_hashes.ts";

/** Who may log in, and who may do what. */
export interface GivenAccess {
  /** Passwords by name. */
  readonly users: ReadonlyMap<string, string>;
  readonly acls: readonly Acl[];
}

/** What of a broker it takes to put them there. */
export interface GivenTo {
  readonly metadata: { readonly image: MetadataImage };
  readonly change: ChangeQueue;
  readonly digests: Digests;
  readonly random: Random;
  readonly newUuid: () => Uuid;
}

/** As many as kafka-configs takes. */
const iterationsUsual = 4_096;
const saltBytes = 16;

/** Puts them into the metadata. Throws UsageFault where the metadata cannot have one. */
export async function giveAccess(broker: GivenTo, { users, acls }: GivenAccess): Promise<void> {
  const { change, digests, newUuid } = broker;
  const changed = [...users].flatMap(([name, password]) =>
    Object.values(ScramMechanism).map((mechanism) =>
      upsertionOf(broker, {
        name,
        password,
        mechanism,
      })
    )
  );
  const upsertions = (await Promise.all(changed)).filter((each) => each !== undefined);
  if (upsertions.length > 0) {
    const request = { deletions: [], upsertions };
    const hashesOf = (mechanism: number) => scramHashes(digests, mechanism);
    const { results } = await change((image) => decideAlterScram(image, request, { hashesOf }));
    for (const { user, ...result } of results) check(`users: ${user}`, result);
  }
  if (acls.length === 0) return;
  const creations = acls.map(({ patternType: resourcePatternType, ...acl }) => ({
    ...acl,
    resourcePatternType,
  }));
  const decide = (image: MetadataImage) =>
    drained(decideCreateAcls(image, { creations }, { newId: newUuid }));
  const { results } = await change(decide);
  for (const result of results) check("acls", result);
}

function check(
  about: string,
  { errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null },
): void {
  if (errorCode !== ErrorCode.NONE) throw new UsageFault(`${about}: ${errorMessage}`);
}

/** What sets the password; undefined where it is that already. */
async function upsertionOf(
  { metadata: { image }, digests, random }: GivenTo,
  { name, password, mechanism }: {
    readonly name: string;
    readonly password: string;
    readonly mechanism: number;
  },
) {
  const algorithm = scramAlgorithm(mechanism);
  const derive = (salt: Uint8Array, iterations: number) =>
    digests.pbkdf2(algorithm, { password: utf8(password), salt, iterations });
  const stored = image.scramCredentials(name).get(mechanism);
  if (stored !== undefined) {
    const { hash, hmac } = scramHashes(digests, mechanism);
    const clientKey = hmac(await derive(stored.salt, stored.iterations), utf8("Client Key"));
    if (secretsEqual(hash(clientKey), stored.storedKey)) return undefined;
  }
  const salt = random.bytes(saltBytes);
  const saltedPassword = await derive(salt, iterationsUsual);
  return { name, mechanism, iterations: iterationsUsual, salt, saltedPassword };
}
