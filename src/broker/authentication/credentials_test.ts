// Nobody learns from how long a refusal takes, or from what is asked on the way, whether there is
// such a user. What is compared is the work that is done, so that a busy machine has no say.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { ScramMechanism } from "../../cluster/access/scram.ts";
import type { ScramCredential } from "../../cluster/access/principals.ts";
import { instantDigests } from "../../runtime/digests.ts";
import type { Digests } from "../../runtime/ports.ts";
import { Credentials } from "./credentials.ts";
import type { Step } from "./mechanism.ts";
import { type PasswordCheck, plainExchange } from "./plain.ts";
import { scramExchange } from "./scram.ts";
import { scramAlgorithm, scramHashes } from "./scram_hashes.ts";

/** Digests, and a line for each piece of work that they were given. */
function counted() {
  const work: string[] = [];
  const digests: Digests = {
    hash(algorithm, bytes) {
      work.push(`hash ${algorithm} of ${bytes.length}`);
      return instantDigests.hash(algorithm, bytes);
    },
    hmac(algorithm, { key, bytes }) {
      work.push(`hmac ${algorithm} by ${key.length}`);
      return instantDigests.hmac(algorithm, { key, bytes });
    },
    pbkdf2(algorithm, of) {
      work.push(`pbkdf2 ${algorithm}, ${of.iterations} times, salt of ${of.salt.length}`);
      return instantDigests.pbkdf2(algorithm, of);
    },
  };
  return { digests, takeWork: () => work.splice(0) };
}

async function storedOf(
  mechanism: number,
  { password, salt, iterations }: { password: string; salt: Uint8Array; iterations: number },
): Promise<ScramCredential> {
  const of = { password: utf8(password), salt, iterations };
  const key = await instantDigests.pbkdf2(scramAlgorithm(mechanism), of);
  const { hash, hmac } = scramHashes(instantDigests, mechanism);
  const storedKey = hash(hmac(key, utf8("Client Key")));
  return { salt, iterations, storedKey, serverKey: hmac(key, utf8("Server Key")) };
}

function toldBy(step: Step): string {
  if (step.type !== "refused") throw new Error("it was not refused");
  return step.refusal.told;
}

function askedBy(step: Step): string {
  if (step.type !== "challenge") throw new Error("nothing was asked");
  return fromUtf8(step.reply);
}

const { SCRAM_SHA_256, SCRAM_SHA_512 } = ScramMechanism;

/** Kinds of users, by who has made them. */
const kinds = [
  { name: "of kafka-configs", salt: utf8("1a2b3c4d5e6f7g8h9i0jklmnop"), iterations: 4_096 },
  { name: "of ottla users", salt: new Uint8Array(16).fill(0xa7), iterations: 4_096 },
  { name: "with more iterations", salt: utf8("1a2b3c4d5e6f7g8h9i0jklmnop"), iterations: 16_384 },
];

async function rig({ salt, iterations }: typeof kinds[number], mechanisms: readonly number[]) {
  const { digests, takeWork } = counted();
  const byMechanism = new Map<number, ScramCredential>();
  for (const mechanism of mechanisms) {
    byMechanism.set(mechanism, await storedOf(mechanism, { password: "right", salt, iterations }));
  }
  const none: ReadonlyMap<number, ScramCredential> = new Map();
  const credentials = new Credentials({
    digests,
    secret: utf8("the broker's own"),
    image: () => ({
      scramCredentials: (user) => user === "alice" ? byMechanism : none,
      someScramCredentials: () => byMechanism,
    }),
  });
  return { digests, takeWork, credentials };
}

Deno.test("PLAIN does the same work and says the same, whether there is such a user", async () => {
  for (const kind of kinds) {
    for (const mechanisms of [[SCRAM_SHA_256], [SCRAM_SHA_512], [SCRAM_SHA_256, SCRAM_SHA_512]]) {
      const { credentials, takeWork } = await rig(kind, mechanisms);
      const named = new Map([["alice", "right"], ["bob", "another, which is longer"]]);
      const checks: readonly PasswordCheck[] = [
        credentials.checkStored,
        credentials.checkOf(named),
      ];
      for (const check of checks) {
        const refusalOf = async (user: string) => {
          const step = await plainExchange(check).take(utf8(`\0${user}\0wrong`));
          return { told: toldBy(step), work: takeWork() };
        };
        const ofAlice = await refusalOf("alice");
        assert(ofAlice.work.length > 0, "nothing was compared");
        assertEquals(await refusalOf("ghost"), ofAlice, kind.name);
        assertEquals((await plainExchange(check).take(utf8("\0alice\0right"))).type, "known");
        assertEquals(takeWork(), ofAlice.work, "and so has a right one");
      }
    }
  }
});

Deno.test("SCRAM asks, works and refuses alike, whether there is such a user", async () => {
  for (const kind of kinds) {
    for (const mechanism of [SCRAM_SHA_256, SCRAM_SHA_512]) {
      const { credentials, digests, takeWork } = await rig(kind, [mechanism]);
      const algorithm = scramAlgorithm(mechanism);
      const refusalOf = async (user: string) => {
        const exchange = scramExchange({
          name: "SCRAM",
          algorithm,
          digests,
          credential: (name) => credentials.stored(name, mechanism),
          decoy: (name) => credentials.decoy(name, mechanism),
          token: () => Promise.resolve(undefined),
          newNonce: () => "ours",
        });
        const question = await exchange.take(utf8(`n,,n=${user},r=theirs`));
        const [, salt = "", iterations] = /,s=([^,]+),i=(\d+)$/.exec(askedBy(question)) ??
          [];
        const shape = { length: salt.length, isText: /^[0-9a-v]+$/.test(atob(salt)), iterations };
        const size = algorithm === "sha256" ? 32 : 64;
        const proof = btoa("x".repeat(size));
        const last = await exchange.take(utf8(`c=biws,r=theirsours,p=${proof}`));
        return { shape, told: toldBy(last), work: takeWork(), salt };
      };
      const { salt: _, ...ofAlice } = await refusalOf("alice");
      const { salt, ...ofGhost } = await refusalOf("ghost");
      assertEquals(ofGhost, ofAlice, kind.name);
      assertEquals((await refusalOf("ghost")).salt, salt, "asked again it is the same");
      assert((await refusalOf("other")).salt !== salt);
    }
  }
});
