// `--config client.properties`: how to reach a cluster and as whom, in the keys of Kafka's own
// clients, so that one file does for Kafka's tools and for these commands.
//
// Keys about anything else are passed over: such files hold those of producers and consumers, too.
// What is about safety and cannot be honoured is refused.

import { UsageFault } from "../base/faults.ts";
import { type JaasEntry, parseJaas } from "../base/jaas.ts";
import { certificatesIn, privateKeyIn } from "../base/pem.ts";
import type { ClientOptions, SaslOptions, TlsOptions, TokenEndpoint } from "../client/mod.ts";
import type { Files } from "../runtime/ports.ts";
import { readProperties, readTextFile } from "./text_file.ts";

/** What such a file says. */
export type FileTerms = Partial<Pick<ClientOptions, "bootstrap" | "sasl" | "tls">>;

/** A file with its values. */
interface Source {
  readonly path: string;
  readonly files: Files;
  /** Undefined for a key that is not set, or is empty. */
  readonly value: (key: string) => string | undefined;
}

/** Reads the file of `--config`. Throws UsageFault for what cannot be honoured. */
export function readClientProperties(files: Files, path: string): FileTerms {
  const properties = readProperties(files, { path, option: "--config" });
  const source = { path, files, value: (key: string) => properties.get(key) || undefined };
  const protocol = source.value("security.protocol")?.toUpperCase() ?? "PLAINTEXT";
  if (!["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].includes(protocol)) {
    throw new UsageFault(`${path}: security.protocol ${protocol} is none`);
  }
  if (properties.get("ssl.endpoint.identification.algorithm") === "" && protocol.endsWith("SSL")) {
    throw new UsageFault(
      `${path}: an empty ssl.endpoint.identification.algorithm cannot be honoured: whose ` +
        "certificate it is, is always checked",
    );
  }
  return {
    bootstrap: source.value("bootstrap.servers"),
    tls: protocol.endsWith("SSL") ? tlsOf(source) : undefined,
    sasl: protocol.startsWith("SASL_") ? saslOf(source) : undefined,
  };
}

function tlsOf(source: Source): TlsOptions {
  const { value } = source;
  const ca = value("ssl.truststore.certificates") ?? pemOf(source, "ssl.truststore.location");
  const keyPassword = value("ssl.key.password");
  const [key, cert] = [value("ssl.keystore.key"), value("ssl.keystore.certificate.chain")];
  if (key !== undefined && cert !== undefined) return { ca, key, cert, keyPassword };
  const store = pemOf(source, "ssl.keystore.location");
  if (store === undefined) return { ca };
  return { ca, key: privateKeyIn(store), cert: certificatesIn(store), keyPassword };
}

/** The text of the PEM file that `key` names. */
function pemOf({ path, files, value }: Source, key: string): string | undefined {
  const named = value(key);
  if (named === undefined) return undefined;
  const text = readTextFile(files, { path: named, option: key });
  if (text.includes("-----BEGIN")) return text;
  const command = key === "ssl.truststore.location"
    ? `keytool -list -rfc -keystore ${named} > trusted.pem`
    : `openssl pkcs12 -in ${named} -nodes -out client.pem`;
  throw new UsageFault(`${path}: ${named} is no PEM file: make one with\n  ${command}`);
}

function saslOf(source: Source): SaslOptions {
  const { path, value } = source;
  const mechanism = value("sasl.mechanism") ?? "GSSAPI";
  const text = value("sasl.jaas.config");
  const parsed = text === undefined ? undefined : parseJaas(text);
  if (parsed !== undefined && "problem" in parsed) {
    throw new UsageFault(`${path}: sasl.jaas.config: ${parsed.problem}`);
  }
  if (mechanism === "OAUTHBEARER") {
    return { mechanism, endpoint: endpointOf(source, parsed?.entry) };
  }
  if (mechanism !== "PLAIN" && mechanism !== "SCRAM-SHA-256" && mechanism !== "SCRAM-SHA-512") {
    throw new UsageFault(
      `${path}: sasl.mechanism ${mechanism} is not spoken here: PLAIN, SCRAM-SHA-256, ` +
        "SCRAM-SHA-512 and OAUTHBEARER are",
    );
  }
  const options = parsed?.entry.options;
  const [username, password] = [options?.get("username"), options?.get("password")];
  if (!username || !password) {
    throw new UsageFault(`${path}: sasl.jaas.config has to hold username="..." password="...";`);
  }
  const delegationToken = options?.get("tokenauth") === "true";
  return { mechanism, username, password, delegationToken };
}

function endpointOf(source: Source, jaas: JaasEntry | undefined): TokenEndpoint {
  const { path, files, value } = source;
  const url = value("sasl.oauthbearer.token.endpoint.url");
  if (url === undefined) {
    throw new UsageFault(
      `${path}: OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url, an https: URL to get ` +
        "tokens from or the file: URL of one",
    );
  }
  const credential = "sasl.oauthbearer.client.credentials.client";
  const trusted = jaas?.options.get("ssl.truststore.location");
  return {
    url,
    clientId: value(`${credential}.id`) ?? jaas?.options.get("clientId"),
    clientSecret: value(`${credential}.secret`) ?? jaas?.options.get("clientSecret"),
    scope: value("sasl.oauthbearer.scope") ?? jaas?.options.get("scope"),
    ca: trusted === undefined
      ? undefined
      : readTextFile(files, { path: trusted, option: "ssl.truststore.location" }),
  };
}
