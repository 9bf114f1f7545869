// What a listener shakes hands by, as the configuration has it, and the port of metrics.
//
//   ssl.keystore.…, ssl.truststore.…       keys and certificates: tls_material.ts
//   ssl.enabled.protocols, ssl.protocol    the versions, and the newest of them
//   ssl.cipher.suites, ssl.client.auth
//
// Another broker's file may hold names that are not known here. They are passed over, which lets
// nobody in who was kept out; where nothing is left, there are no terms.

import { type CipherSuite, cipherSuites, type TlsVersion } from "../../base/cipher_suites.ts";
import { UsageFault } from "../../base/faults.ts";
import { certificatesIn, privateKeyIn } from "../../base/pem.ts";
import type { Files, TlsTerms } from "../../runtime/ports.ts";
import type { BrokerConfig, BrokerValue } from "../config/mod.ts";
import { pemTextOf, tlsMaterialOf, tlsTextsOf } from "./tls_material.ts";

const handshakeKeys = [
  "ssl.client.auth",
  "ssl.enabled.protocols",
  "ssl.protocol",
  "ssl.cipher.suites",
] as const;

const metricsFiles = [
  "ottla.metrics.certificate.file",
  "ottla.metrics.key.file",
  "ottla.metrics.ca.file",
] as const;

type Handshake = Omit<TlsTerms, "material">;
type ListenerConfig = Pick<BrokerConfig, "ofListener">;

/** What `listener` shakes hands by. Throws UsageFault where something is missing. */
export function tlsTermsOf(config: ListenerConfig, files: Files, listener: string): TlsTerms {
  return {
    material: tlsMaterialOf(config, files, listener),
    ...handshakeOf((key) => config.ofListener(key, { listener })),
  };
}

/** All values that these terms come of, files apart. */
export function tlsValuesOf(config: ListenerConfig, listener: string): string[] {
  const values = handshakeKeys.map((key) => config.ofListener(key, { listener }));
  return [...tlsTextsOf(config, listener), ...values].map(String);
}

/** What metrics and health are served by; undefined: no TLS. Throws UsageFault as above. */
export function metricsTlsOf(
  config: Pick<BrokerConfig, "get">,
  files: Files,
): TlsTerms | undefined {
  const [certificate, key, ca] = metricsFiles.map((name) => {
    const path = config.get(name);
    return path === null ? undefined : { name, path, text: pemTextOf(files, path, name) };
  });
  if (certificate === undefined && key === undefined && ca === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    const [first, second] = metricsFiles;
    throw new UsageFault(`${first} and ${second} go together: one is missing`);
  }
  const ownKey = privateKeyIn(key.text);
  if (ownKey === undefined) throw new UsageFault(holdsNo("private key", key));
  return {
    material: {
      identity: { key: ownKey, chain: certificatesOf(certificate) },
      trusted: ca && certificatesOf(ca),
    },
    ...handshakeOf((name) => config.get(name)),
    clientAuth: ca === undefined ? "none" : "required",
  };
}

interface PemFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

function certificatesOf(file: PemFile): string {
  const found = certificatesIn(file.text);
  if (found === undefined) throw new UsageFault(holdsNo("certificate", file));
  return found;
}

function holdsNo(what: string, { name, path }: PemFile): string {
  return `${name}: ${path} holds no ${what} as PEM (-----BEGIN ...)`;
}

function handshakeOf(
  valueOf: <Name extends typeof handshakeKeys[number]>(key: Name) => BrokerValue<Name>,
): Handshake {
  return {
    versions: versionsOf(valueOf("ssl.enabled.protocols"), valueOf("ssl.protocol")),
    suites: suitesOf(valueOf("ssl.cipher.suites")),
    clientAuth: valueOf("ssl.client.auth") as TlsTerms["clientAuth"],
  };
}

function versionsOf(enabled: readonly string[], newest: string): TlsTerms["versions"] {
  const allowed: readonly TlsVersion[] = newest === "TLSv1.2"
    ? ["TLSv1.2"]
    : ["TLSv1.2", "TLSv1.3"];
  const [oldest, last = oldest] = allowed.filter((version) => enabled.includes(version));
  if (oldest !== undefined && last !== undefined) return [oldest, last];
  throw new UsageFault(
    `ssl.protocol=${newest} leaves nothing of ssl.enabled.protocols=${enabled.join(",")}`,
  );
}

function suitesOf(named: readonly string[]): CipherSuite[] {
  const known = named.filter((name): name is CipherSuite => Object.hasOwn(cipherSuites, name));
  if (known.length > 0 || named.length === 0) return known;
  throw new UsageFault(`ssl.cipher.suites: none of ${named.join(", ")} is known`);
}
