// Keys and certificates of a listener, by the configuration: from files, or from the values.
//
//   ssl.keystore.location      a file: PEM with a key and its certificates, or PKCS12
//   ssl.keystore.key, ssl.keystore.certificate.chain       the same as PEM text
//   ssl.truststore.location, ssl.truststore.certificates   whom it trusts, as PEM
//
// A file says itself what it is; the types that Kafka asks for need not be set.

import { fromUtf8 } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";
import { certificatesIn, privateKeyIn } from "../../base/pem.ts";
import { readWholeFile } from "../../log/files/whole_file.ts";
import type { Files, TlsMaterial } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";

type Config = Pick<BrokerConfig, "ofListener">;

/** What `listener` proves itself by, and whom it trusts. Throws UsageFault where it is missing. */
export function tlsMaterialOf(config: Config, files: Files, listener: string): TlsMaterial {
  return {
    identity: identityOf(config, files, listener),
    trusted: trustedOf(config, files, listener),
  };
}

/** The files that it was read from, so that they can be looked at again. */
export function tlsFilesOf(config: Config, listener: string): string[] {
  const keys = ["ssl.keystore.location", "ssl.truststore.location"] as const;
  return keys.flatMap((key) => config.ofListener(key, { listener }) ?? []);
}

/** The values that are no files. */
export function tlsTextsOf(config: Config, listener: string): (string | null)[] {
  const keys = [
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.truststore.certificates",
  ] as const;
  return keys.map((key) => config.ofListener(key, { listener }));
}

function identityOf(config: Config, files: Files, listener: string): TlsMaterial["identity"] {
  const key = config.ofListener("ssl.keystore.key", { listener });
  const chain = config.ofListener("ssl.keystore.certificate.chain", { listener });
  const keyPassword = config.ofListener("ssl.key.password", { listener }) ?? undefined;
  if (key !== null && chain !== null) return { key, chain, password: keyPassword };
  const path = config.ofListener("ssl.keystore.location", { listener });
  if (path === null) {
    throw new UsageFault(
      `listener ${listener} has no certificate: set ssl.keystore.location to a PEM or PKCS12 ` +
        "file with its key and certificates",
    );
  }
  const bytes = bytesOf(files, path, "ssl.keystore.location");
  if (isPem(bytes)) {
    const text = fromUtf8(bytes);
    const [ownKey, ownChain] = [privateKeyIn(text), certificatesIn(text)];
    if (ownKey !== undefined && ownChain !== undefined) {
      return { key: ownKey, chain: ownChain, password: keyPassword };
    }
    throw new UsageFault(
      `${path} holds no ${ownKey === undefined ? "private key" : "certificate"}: a PEM file for ` +
        "ssl.keystore.location has both, one behind the other",
    );
  }
  refuseJks(bytes, path);
  const password = config.ofListener("ssl.keystore.password", { listener }) ?? keyPassword;
  return { pkcs12: bytes, password };
}

function trustedOf(config: Config, files: Files, listener: string): string | undefined {
  const inline = config.ofListener("ssl.truststore.certificates", { listener });
  if (inline !== null) return inline;
  const path = config.ofListener("ssl.truststore.location", { listener });
  return path === null ? undefined : trustedIn(files, path);
}

/** Whom the options of a login module trust; undefined where they say nothing. */
export function tlsTrustOf(
  files: Files,
  options: ReadonlyMap<string, string>,
): string | undefined {
  const path = options.get("ssl.truststore.location");
  return options.get("ssl.truststore.certificates") ??
    (path === undefined ? undefined : trustedIn(files, path));
}

function trustedIn(files: Files, path: string): string {
  const bytes = bytesOf(files, path, "ssl.truststore.location");
  if (isPem(bytes)) return fromUtf8(bytes);
  throw new UsageFault(
    `${path} is no PEM file, which the trust store has to be: make one with\n  ` +
      `keytool -list -rfc -keystore ${path} > trusted.pem`,
  );
}

/** A file's text. Throws UsageFault, naming `key`, where there is no such file. */
export function pemTextOf(files: Files, path: string, key: string): string {
  return fromUtf8(bytesOf(files, path, key));
}

function bytesOf(files: Files, path: string, key: string): Uint8Array {
  const bytes = readWholeFile(files, path);
  if (bytes === undefined) throw new UsageFault(`${key}: there is no file ${path}`);
  return bytes;
}

function isPem(bytes: Uint8Array): boolean {
  return fromUtf8(bytes.subarray(0, 65_536)).includes("-----BEGIN");
}

/** JKS begins with FE ED FE ED. */
function refuseJks([first, second]: Uint8Array, path: string): void {
  if (first !== 0xfe || second !== 0xed) return;
  throw new UsageFault(
    `${path} is a JKS key store, which nothing but Java reads: make a PKCS12 one of it with\n  ` +
      `keytool -importkeystore -srckeystore ${path} -destkeystore keystore.p12 ` +
      "-deststoretype PKCS12",
  );
}
