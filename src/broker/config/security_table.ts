// Keys of TLS, SASL and delegation tokens. Most are known and without effect until what they are
// about is served; no listener that asks for it can be opened meanwhile, so nothing is less safe
// than it looks.
// A data table.

import { cipherSuiteNames } from "../../base/cipher_suites.ts";
import type { ConfigKey } from "./values.ts";
import { withoutIt } from "./reasons.ts";

const java = "Java classes cannot be loaded here";
const kerberos = "Kerberos is not offered";
const loginElsewhere = "this broker logs in nowhere";
const ownFormat = "a file says itself what it is";
const runtimeTls = "TLS is the runtime's";

export const securityKeys = {
  "delegation.token.expiry.check.interval.ms": {
    type: "long",
    default: "3600000",
    min: 1,
    doc: "How often expired delegation tokens are removed.",
  },
  "delegation.token.expiry.time.ms": {
    type: "long",
    default: "86400000",
    min: 1,
    doc: "How long a delegation token is valid before it has to be renewed.",
  },
  "delegation.token.max.lifetime.ms": {
    type: "long",
    default: "604800000",
    min: 1,
    doc: "How long a delegation token can be renewed.",
  },
  "delegation.token.secret.key": {
    type: "password",
    default: null,
    doc: "The secret from which delegation tokens are made; without it there are none.",
  },
  "sasl.client.callback.handler.class": {
    type: "class",
    default: null,
    ignored: java,
    doc: "A class that answers the questions of a SASL client.",
  },
  "sasl.enabled.mechanisms": {
    type: "list",
    // Differs from Kafka: the default is SCRAM; Kafka's is GSSAPI, which is not offered here.
    default: "SCRAM-SHA-256,SCRAM-SHA-512",
    update: "per-broker",
    doc: "SASL mechanisms that clients may use: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER.",
  },
  "sasl.jaas.config": {
    type: "password",
    default: null,
    update: "per-broker",
    ignored: "a listener has it, as listener.name.NAME.plain.sasl.jaas.config",
    doc: "The users of PLAIN in JAAS's syntax, or the rules for unsigned tokens of OAUTHBEARER, " +
      "of one listener: set it as listener.name.NAME.plain.sasl.jaas.config.",
  },
  "sasl.kerberos.kinit.cmd": {
    type: "string",
    default: "/usr/bin/kinit",
    update: "per-broker",
    ignored: kerberos,
    doc: "Path of kinit.",
  },
  "sasl.kerberos.min.time.before.relogin": {
    type: "long",
    default: "60000",
    update: "per-broker",
    ignored: kerberos,
    doc: "Shortest time between two logins.",
  },
  "sasl.kerberos.principal.to.local.rules": {
    type: "list",
    default: "DEFAULT",
    update: "per-broker",
    ignored: kerberos,
    doc: "Rules that shorten Kerberos principals to names.",
  },
  "sasl.kerberos.service.name": {
    type: "string",
    default: null,
    update: "per-broker",
    ignored: kerberos,
    doc: "The name under which the broker is known to Kerberos.",
  },
  "sasl.kerberos.ticket.renew.jitter": {
    type: "double",
    default: "0.05",
    update: "per-broker",
    ignored: kerberos,
    doc: "Share of the renewal time that is random.",
  },
  "sasl.kerberos.ticket.renew.window.factor": {
    type: "double",
    default: "0.8",
    update: "per-broker",
    ignored: kerberos,
    doc: "Share of a ticket's life after which it is renewed.",
  },
  "sasl.login.callback.handler.class": {
    type: "class",
    default: null,
    ignored: java,
    doc: "A class that answers the questions of a login.",
  },
  "sasl.login.class": {
    type: "class",
    default: null,
    ignored: java,
    doc: "A class that logs in.",
  },
  "sasl.login.connect.timeout.ms": {
    type: "int",
    default: null,
    ignored: loginElsewhere,
    doc: "How long a connection to the identity provider may take.",
  },
  "sasl.login.read.timeout.ms": {
    type: "int",
    default: null,
    ignored: loginElsewhere,
    doc: "How long an answer of the identity provider may take.",
  },
  "sasl.login.refresh.buffer.seconds": {
    type: "short",
    default: "300",
    update: "per-broker",
    ignored: loginElsewhere,
    doc: "Time before its end within which a credential is not renewed.",
  },
  "sasl.login.refresh.min.period.seconds": {
    type: "short",
    default: "60",
    update: "per-broker",
    ignored: loginElsewhere,
    doc: "Shortest time between two renewals of a credential.",
  },
  "sasl.login.refresh.window.factor": {
    type: "double",
    default: "0.8",
    update: "per-broker",
    ignored: loginElsewhere,
    doc: "Share of a credential's life after which it is renewed.",
  },
  "sasl.login.refresh.window.jitter": {
    type: "double",
    default: "0.05",
    update: "per-broker",
    ignored: loginElsewhere,
    doc: "Share of that time that is random.",
  },
  "sasl.login.retry.backoff.max.ms": {
    type: "long",
    default: "10000",
    ignored: loginElsewhere,
    doc: "Longest pause between two tries to log in.",
  },
  "sasl.login.retry.backoff.ms": {
    type: "long",
    default: "100",
    ignored: loginElsewhere,
    doc: "First pause between two tries to log in.",
  },
  "sasl.mechanism.controller.protocol": {
    type: "string",
    default: "GSSAPI",
    ignored: withoutIt,
    doc: "SASL mechanism between broker and controller.",
  },
  "sasl.mechanism.inter.broker.protocol": {
    type: "string",
    default: "GSSAPI",
    update: "per-broker",
    doc: "By what brokers of a cluster log in to each other: PLAIN, SCRAM-SHA-256 or " +
      "SCRAM-SHA-512, as the username of the listener's sasl.jaas.config.",
  },
  "sasl.oauthbearer.assertion.algorithm": {
    type: "string",
    default: "RS256",
    ignored: loginElsewhere,
    doc: "Algorithm that signs assertions to the identity provider.",
  },
  "sasl.oauthbearer.assertion.claim.aud": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Audience in such an assertion.",
  },
  "sasl.oauthbearer.assertion.claim.exp.seconds": {
    type: "int",
    default: "300",
    ignored: loginElsewhere,
    doc: "How long such an assertion is valid.",
  },
  "sasl.oauthbearer.assertion.claim.iss": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Issuer in such an assertion.",
  },
  "sasl.oauthbearer.assertion.claim.jti.include": {
    type: "boolean",
    default: "false",
    ignored: loginElsewhere,
    doc: "Whether such an assertion has an id of its own.",
  },
  "sasl.oauthbearer.assertion.claim.nbf.seconds": {
    type: "int",
    default: "60",
    ignored: loginElsewhere,
    doc: "How far back the start of its validity lies.",
  },
  "sasl.oauthbearer.assertion.claim.sub": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Subject in such an assertion.",
  },
  "sasl.oauthbearer.assertion.file": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "File with a ready-made assertion.",
  },
  "sasl.oauthbearer.assertion.private.key.file": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "File with the key that signs assertions.",
  },
  "sasl.oauthbearer.assertion.private.key.passphrase": {
    type: "password",
    default: null,
    ignored: loginElsewhere,
    doc: "Passphrase of that key.",
  },
  "sasl.oauthbearer.assertion.template.file": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "File with further claims of assertions.",
  },
  "sasl.oauthbearer.client.credentials.client.id": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Client id at the identity provider.",
  },
  "sasl.oauthbearer.client.credentials.client.secret": {
    type: "password",
    default: null,
    ignored: loginElsewhere,
    doc: "Its secret.",
  },
  "sasl.oauthbearer.clock.skew.seconds": {
    type: "int",
    default: "30",
    min: 0,
    doc: "How far the clock of the identity provider may differ.",
  },
  "sasl.oauthbearer.expected.audience": {
    type: "list",
    default: "",
    doc: "Audiences of which a token must name one.",
  },
  "sasl.oauthbearer.expected.issuer": {
    type: "string",
    default: null,
    doc: "The issuer that a token must name.",
  },
  "sasl.oauthbearer.jwks.endpoint.refresh.ms": {
    type: "long",
    default: "3600000",
    min: 1,
    doc: "How often the keys of the identity provider are fetched.",
  },
  "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": {
    type: "long",
    default: "10000",
    min: 1,
    doc: "Longest pause between two tries to fetch them.",
  },
  "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": {
    type: "long",
    default: "100",
    min: 1,
    doc: "First pause between two tries to fetch them.",
  },
  "sasl.oauthbearer.jwks.endpoint.url": {
    type: "string",
    default: null,
    doc: "Where the keys of the identity provider are: a file:, https: or http: URL.",
  },
  "sasl.oauthbearer.jwt.retriever.class": {
    type: "class",
    default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
    ignored: java,
    doc: "A class that gets tokens.",
  },
  "sasl.oauthbearer.jwt.validator.class": {
    type: "class",
    default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    ignored: java,
    doc: "A class that checks tokens.",
  },
  "sasl.oauthbearer.scope": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Scope that is asked for at the identity provider.",
  },
  "sasl.oauthbearer.scope.claim.name": {
    type: "string",
    default: "scope",
    doc: "The claim that holds a token's scope.",
  },
  "sasl.oauthbearer.sub.claim.name": {
    type: "string",
    default: "sub",
    doc: "The claim that holds a token's subject.",
  },
  "sasl.oauthbearer.token.endpoint.url": {
    type: "string",
    default: null,
    ignored: loginElsewhere,
    doc: "Where the identity provider gives tokens.",
  },
  "sasl.server.callback.handler.class": {
    type: "class",
    default: null,
    ignored:
      "a listener has it, as listener.name.NAME.oauthbearer.sasl.server.callback.handler.class",
    doc: "Kafka's class that checks tokens, of one listener: " +
      "OAuthBearerValidatorCallbackHandler, or OAuthBearerUnsecuredValidatorCallbackHandler.",
  },
  "sasl.server.max.receive.size": {
    type: "int",
    default: "524288",
    min: 1,
    doc: "Largest request in bytes of a client that has not said who it is.",
  },
  "ssl.allow.dn.changes": {
    type: "boolean",
    default: "false",
    ignored: runtimeTls,
    doc: "Whether a new certificate may have another distinguished name.",
  },
  "ssl.allow.san.changes": {
    type: "boolean",
    default: "false",
    ignored: runtimeTls,
    doc: "Whether a new certificate may have other subject alternative names.",
  },
  "ssl.cipher.suites": {
    type: "list",
    default: "",
    oneOf: cipherSuiteNames,
    update: "per-broker",
    // Differs from Kafka: suites without forward secrecy are unknown. Deno cannot choose among the
    // suites of a TLS version, nor Bun among those of TLS 1.3: a list that names only some of them
    // is refused there.
    doc:
      "Cipher suites that may be used, by their IANA names; all when empty. A version of which " +
      "none is named is not spoken.",
  },
  "ssl.client.auth": {
    type: "string",
    default: "none",
    oneOf: ["required", "requested", "none"],
    update: "per-broker",
    // Differs from Kafka: a change takes effect with the next connection, and so does one of the
    // TLS versions and cipher suites. Kafka refuses such a change for an open listener, or accepts
    // it without effect.
    doc: "Whether clients are asked for a certificate: required, requested or none.",
  },
  "ssl.enabled.protocols": {
    type: "list",
    default: "TLSv1.2,TLSv1.3",
    oneOf: ["TLSv1.2", "TLSv1.3"],
    update: "per-broker",
    doc: "TLS versions that may be used.",
  },
  "ssl.endpoint.identification.algorithm": {
    type: "string",
    default: "https",
    update: "per-broker",
    ignored: runtimeTls,
    doc: "How a server's name is checked against its certificate.",
  },
  "ssl.engine.factory.class": {
    type: "class",
    default: null,
    update: "per-broker",
    ignored: java,
    doc: "A class that makes TLS engines.",
  },
  "ssl.key.password": {
    type: "password",
    default: null,
    update: "per-broker",
    doc: "Password of the private key.",
  },
  "ssl.keymanager.algorithm": {
    type: "string",
    default: "SunX509",
    update: "per-broker",
    ignored: runtimeTls,
    doc: "Algorithm of the key manager.",
  },
  "ssl.keystore.certificate.chain": {
    type: "password",
    default: null,
    update: "per-broker",
    doc: "The certificates as PEM text.",
  },
  "ssl.keystore.key": {
    type: "password",
    default: null,
    update: "per-broker",
    doc: "The private key as PEM text.",
  },
  "ssl.keystore.location": {
    type: "string",
    default: null,
    update: "per-broker",
    doc: "File with the key and its certificates: PEM or PKCS12.",
  },
  "ssl.keystore.password": {
    type: "password",
    default: null,
    update: "per-broker",
    doc: "Password of the key store.",
  },
  "ssl.keystore.type": {
    type: "string",
    default: "JKS",
    update: "per-broker",
    ignored: ownFormat,
    doc: "Format of the key store.",
  },
  "ssl.principal.mapping.rules": {
    type: "string",
    default: "DEFAULT",
    doc: "Rules that make a principal of a certificate's name.",
  },
  "ssl.protocol": {
    type: "string",
    default: "TLSv1.3",
    oneOf: ["TLS", "TLSv1.2", "TLSv1.3"],
    update: "per-broker",
    doc: "The newest of ssl.enabled.protocols that is spoken; TLS is whichever there is.",
  },
  "ssl.provider": {
    type: "string",
    default: null,
    update: "per-broker",
    ignored: runtimeTls,
    doc: "Provider of TLS.",
  },
  "ssl.secure.random.implementation": {
    type: "string",
    default: null,
    update: "per-broker",
    ignored: runtimeTls,
    doc: "Source of random numbers for TLS.",
  },
  "ssl.trustmanager.algorithm": {
    type: "string",
    default: "PKIX",
    update: "per-broker",
    ignored: runtimeTls,
    doc: "Algorithm of the trust manager.",
  },
  "ssl.truststore.certificates": {
    type: "password",
    default: null,
    update: "per-broker",
    doc: "The trusted certificates as PEM text.",
  },
  "ssl.truststore.location": {
    type: "string",
    default: null,
    update: "per-broker",
    doc: "File with the certificates that clients are trusted by: PEM.",
  },
  "ssl.truststore.password": {
    type: "password",
    default: null,
    update: "per-broker",
    ignored: "a trust store is PEM here, which has no password",
    doc: "Password of the trust store.",
  },
  "ssl.truststore.type": {
    type: "string",
    default: "JKS",
    update: "per-broker",
    ignored: ownFormat,
    doc: "Format of the trust store.",
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;
