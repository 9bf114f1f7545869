// Kafka's numbers of SCRAM's mechanisms, and the hashes that they are of.

import { type ScramHashes, ScramMechanism } from "../../cluster/access/scram.ts";
import type { DigestAlgorithm, Digests } from "../../runtime/ports.ts";

/** What a mechanism hashes by. */
export function scramAlgorithm(mechanism: number): DigestAlgorithm {
  return mechanism === ScramMechanism.SCRAM_SHA_256 ? "sha256" : "sha512";
}

/** The hashes of a mechanism. */
export function scramHashes(digests: Digests, mechanism: number): ScramHashes {
  const algorithm = scramAlgorithm(mechanism);
  return {
    hash: (bytes) => digests.hash(algorithm, bytes),
    hmac: (key, bytes) => digests.hmac(algorithm, { key, bytes }),
  };
}
