// Cipher suites of TLS that a configuration may name, by their IANA names, which are Java's too:
// forward secret all of them. TLS libraries have names of their own for those of 1.2.
//
// A data table.

/** A version of TLS. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

interface Known {
  readonly version: TlsVersion;
  /** As OpenSSL and BoringSSL call it. */
  readonly openssl: string;
}

function of13(openssl: string): Known {
  return { version: "TLSv1.3", openssl };
}

function of12(openssl: string): Known {
  return { version: "TLSv1.2", openssl };
}

/** What is known, by the IANA's names. */
export const cipherSuites = {
  TLS_AES_256_GCM_SHA384: of13("TLS_AES_256_GCM_SHA384"),
  TLS_AES_128_GCM_SHA256: of13("TLS_AES_128_GCM_SHA256"),
  TLS_CHACHA20_POLY1305_SHA256: of13("TLS_CHACHA20_POLY1305_SHA256"),
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: of12("ECDHE-ECDSA-AES256-GCM-SHA384"),
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: of12("ECDHE-ECDSA-AES128-GCM-SHA256"),
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: of12("ECDHE-ECDSA-CHACHA20-POLY1305"),
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: of12("ECDHE-RSA-AES256-GCM-SHA384"),
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: of12("ECDHE-RSA-AES128-GCM-SHA256"),
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: of12("ECDHE-RSA-CHACHA20-POLY1305"),
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: of12("ECDHE-ECDSA-AES256-SHA384"),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: of12("ECDHE-ECDSA-AES128-SHA256"),
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: of12("ECDHE-ECDSA-AES256-SHA"),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: of12("ECDHE-ECDSA-AES128-SHA"),
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: of12("ECDHE-RSA-AES256-SHA384"),
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: of12("ECDHE-RSA-AES128-SHA256"),
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: of12("ECDHE-RSA-AES256-SHA"),
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: of12("ECDHE-RSA-AES128-SHA"),
} as const satisfies Readonly<Record<string, Known>>;

/** The IANA's name of one that is known. */
export type CipherSuite = keyof typeof cipherSuites;

/** All of them, those first that are to be had on every runtime. */
export const cipherSuiteNames = Object.keys(cipherSuites) as CipherSuite[];
