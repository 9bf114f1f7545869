// Which cipher suites a handshake may come to, as far as a runtime leaves that to us:
//
//             TLS 1.2                       TLS 1.3
//   Node      any of those that it speaks   any                OpenSSL
//   Bun       any of those that it speaks   all or none        BoringSSL
//   Deno      all or none                   all or none        rustls
//
// A version of which no suite is named is not spoken. Invariant: what is told to node:tls keeps to
// what was asked for, or it is refused in words; Deno and Bun would take it and do as they like.

import {
  type CipherSuite,
  cipherSuiteNames,
  cipherSuites,
  type TlsVersion,
} from "../base/cipher_suites.ts";
import { PlatformFault } from "../base/faults.ts";
import type { TlsTerms } from "./ports.ts";

interface Library {
  /** What a user calls it. */
  readonly runtime: string;
  /** Versions whose suites can be chosen one by one. */
  readonly chosen: readonly TlsVersion[];
  readonly speaks: (suite: CipherSuite) => boolean;
}

const rustls: Library = {
  runtime: "Deno",
  chosen: [],
  speaks: (suite) => !suite.includes("_CBC_"),
};

const boringSsl: Library = {
  runtime: "Bun",
  chosen: ["TLSv1.2"],
  speaks: (suite) => !suite.endsWith("_CBC_SHA384"),
};

const openSsl: Library = { runtime: "Node", chosen: ["TLSv1.2", "TLSv1.3"], speaks: () => true };

function library(): Library {
  const { deno, bun } = process.versions;
  return deno !== undefined ? rustls : bun !== undefined ? boringSsl : openSsl;
}

/** What node:tls is told: versions and, where it can choose, OpenSSL's names. */
export interface SpokenTls {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers?: string;
}

/** What comes of these terms. Throws Denied where this runtime cannot keep to them. */
export function spokenBy(terms: Pick<TlsTerms, "versions" | "suites">): SpokenTls {
  const { versions: [oldest, newest], suites } = terms;
  if (suites.length === 0) return { minVersion: oldest, maxVersion: newest };
  const own = library();
  const strange = suites.find((suite) => !own.speaks(suite));
  if (strange !== undefined) throw refusal(`${own.runtime} does not speak ${strange}`);
  const spoken = [...new Set([oldest, newest])].filter((version) =>
    suites.some((suite) => cipherSuites[suite].version === version)
  );
  const [first] = spoken;
  if (first === undefined) {
    throw refusal(`none of those that are named is of ${oldest}, which is all that is spoken`);
  }
  for (const version of spoken) {
    const all = cipherSuiteNames.filter((suite) =>
      cipherSuites[suite].version === version && own.speaks(suite)
    );
    if (own.chosen.includes(version) || all.every((suite) => suites.includes(suite))) continue;
    throw refusal(
      `${own.runtime} chooses among those of ${version} itself: name all of them ` +
        `(${all.join(", ")}) or none of them, or run on another runtime`,
    );
  }
  const ciphers = suites.filter((suite) => own.chosen.includes(cipherSuites[suite].version));
  return {
    minVersion: first,
    maxVersion: spoken.at(-1) ?? first,
    ...ciphers.length > 0 &&
      { ciphers: ciphers.map((suite) => cipherSuites[suite].openssl).join(":") },
  };
}

function refusal(reason: string): PlatformFault {
  const message = `the cipher suites cannot be kept to: ${reason}`;
  return new PlatformFault("Denied", message, { about: "tls" });
}
