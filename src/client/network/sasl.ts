// How a client says who it is, on a listener that asks for it.
//
//   SaslHandshake (mechanism) -> SaslAuthenticate -> ... -> in, for as long as the broker says
//
//   PLAIN        NUL user NUL password
//   SCRAM        n,,n=user,r=C  <-  r=C S,s=salt,i=iterations   ->  c=biws,r=C S,p=proof  <-  v=...
//   OAUTHBEARER  n,,^A auth=Bearer token ^A^A                        (^A is the byte 01, RFC 7628)
//
// With SCRAM neither side sends the password, and the broker has to prove that it knows it as well
// (RFC 5802). Invariant: a refusal is a KafkaError; no password and no token is in any message.

import { fromBase64, toBase64 } from "../../base/base64.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { ConnectionFault, UsageFault } from "../../base/faults.ts";
import { checkOptions } from "../../base/options.ts";
import { SaslHandshake } from "../../protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../protocol/apis/36_sasl_authenticate.ts";
import { type AnyApi, ErrorCode, type RequestInput, type ResponseOf } from "../../protocol/mod.ts";
import type { DigestAlgorithm, Runtime } from "../../runtime/ports.ts";
import { checkCode, KafkaError } from "../faults.ts";
import { type TokenEndpoint, type TokenPorts, tokensOf } from "./token_endpoint.ts";

const passwordMechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

/** RFC 5802 wants so many at least; Kafka's brokers have 16,384 at most. */
const iterationsMin = 4_096;
const iterationsMax = 1_000_000;

/** Who a client is, and how it proves that: by a password, or by a token. */
export type SaslOptions = PasswordOptions | TokenOptions;

/** A user with a password. */
export interface PasswordOptions {
  /** How it is proved. PLAIN sends the password as it is. Default `SCRAM-SHA-512`. */
  readonly mechanism?: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  /** The user. */
  readonly username: string;
  /** The user's password. */
  readonly password: string;
  /** `username` is the id of a delegation token, and `password` its HMAC as base64. */
  readonly delegationToken?: boolean;
}

/** A user by a token that an identity provider has made; one of `token` and `endpoint` is given. */
export interface TokenOptions {
  /** Tokens are a mechanism of their own. */
  readonly mechanism: "OAUTHBEARER";
  /** The token; a function is asked for it at each login, and so can bring a fresh one. */
  readonly token?: string | (() => string | Promise<string>);
  /** Where to get tokens. */
  readonly endpoint?: TokenEndpoint;
}

/** How to prove who the client is. */
export type Credentials = Required<PasswordOptions> | {
  readonly mechanism: "OAUTHBEARER";
  readonly token: () => Promise<string>;
};

/** Sends one request of the login. */
export type Send = <A extends AnyApi>(api: A, message: RequestInput<A>) => Promise<ResponseOf<A>>;

export type LoginPorts = Pick<Runtime, "digests" | "random">;

/** Checks what a program has given. Throws UsageFault. */
export function checkSasl(given: SaslOptions, ports: TokenPorts): Credentials {
  if (given.mechanism === "OAUTHBEARER") return checkToken(given, ports);
  const options = checkOptions("connect: sasl", given, {
    mechanism: passwordMechanisms,
    username: "text",
    password: "text",
    delegationToken: "flag",
  });
  if (options.delegationToken && options.mechanism === "PLAIN") {
    throw new UsageFault("connect: sasl by PLAIN takes no delegation token: SCRAM does");
  }
  if (!options.username || !options.password) {
    throw new UsageFault("connect: sasl needs username and password");
  }
  return { mechanism: "SCRAM-SHA-512", delegationToken: false, ...options };
}

function checkToken(given: TokenOptions, ports: TokenPorts): Credentials {
  const { mechanism } = given;
  const { token, endpoint } = checkOptions("connect: sasl", given, {
    mechanism: ["OAUTHBEARER"],
    token: "textOrFunction",
    endpoint: "object",
  });
  if ((token === undefined) === (endpoint === undefined)) {
    throw new UsageFault("connect: sasl by OAUTHBEARER needs token or endpoint, one of the two");
  }
  if (endpoint !== undefined) return { mechanism, token: tokensOf(endpoint, ports) };
  return {
    mechanism,
    token: async () => typeof token === "function" ? await token() : token ?? "",
  };
}

/**
 * Logs in. Resolves with how long that holds, in milliseconds; 0: for ever. Throws a KafkaError
 * when the broker refuses, and a ConnectionFault when it cannot prove that it knows the user.
 */
export async function authenticate(
  sasl: Credentials,
  { send, ports }: { readonly send: Send; readonly ports: LoginPorts },
): Promise<number> {
  const { mechanism } = sasl;
  const about = "username" in sasl ? `log in as ${sasl.username}` : "log in by a token";
  const { errorCode, mechanisms: enabled } = await send(SaslHandshake, { mechanism });
  if (errorCode === ErrorCode.UNSUPPORTED_SASL_MECHANISM) {
    throw new KafkaError(
      errorCode,
      about,
      `${mechanism} is not enabled, ${enabled.join(", ")} are`,
    );
  }
  if (errorCode === ErrorCode.ILLEGAL_SASL_STATE) {
    throw new KafkaError(errorCode, about, "this listener asks nobody who they are");
  }
  checkCode(errorCode, about);
  let lifetimeMs = 0;
  const step = async (said: string): Promise<string> => {
    const answer = await send(SaslAuthenticate, { authBytes: utf8(said) });
    checkCode(answer.errorCode, about, answer.errorMessage);
    lifetimeMs = Number(answer.sessionLifetimeMs ?? 0);
    return fromUtf8(answer.authBytes);
  };
  if ("token" in sasl) await showToken(await sasl.token(), step);
  else if (mechanism === "PLAIN") await step(`\0${sasl.username}\0${sasl.password}`);
  else await proveByScram(sasl, step, ports);
  return lifetimeMs;
}

async function showToken(token: string, step: (said: string) => Promise<string>): Promise<void> {
  if (!/^[-_~+/.a-zA-Z0-9]+=*$/.test(token)) {
    throw new UsageFault("what is to be the token of the login is none");
  }
  const problem = await step(`n,,\x01auth=Bearer ${token}\x01\x01`);
  if (problem === "") return;
  // The broker has said what is wrong, and refuses once it is told that this was understood.
  await step("\x01");
  throw new ConnectionFault("the broker neither takes the token nor refuses it");
}

async function proveByScram(
  { mechanism, username, password, delegationToken }: Required<PasswordOptions>,
  step: (said: string) => Promise<string>,
  { digests, random }: LoginPorts,
): Promise<void> {
  const algorithm: DigestAlgorithm = mechanism === "SCRAM-SHA-256" ? "sha256" : "sha512";
  const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const nonce = toBase64(random.bytes(18));
  const clientFirst = `n=${name},r=${nonce}${delegationToken ? ",tokenauth=true" : ""}`;
  const serverFirst = await step(`n,,${clientFirst}`);
  const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})/.exec(serverFirst);
  const [, whole = "", saltText = "", iterationsText] = match ?? [];
  const salt = fromBase64(saltText);
  const iterations = Number(iterationsText);
  // A broker that asks for few iterations may want to guess the password from the proof, and one
  // that asks for very many to keep the client busy.
  const isSane = iterations >= iterationsMin && iterations <= iterationsMax;
  if (!whole.startsWith(nonce) || whole === nonce || !isSane || salt === undefined) {
    throw new ConnectionFault("the broker's part of the SCRAM exchange makes no sense");
  }
  const salted = await digests.pbkdf2(algorithm, {
    password: utf8(password),
    salt,
    iterations,
  });
  const hmac = (key: Uint8Array, text: string) =>
    digests.hmac(algorithm, { key, bytes: utf8(text) });
  const clientFinal = `c=biws,r=${whole}`;
  const authMessage = `${clientFirst},${serverFirst},${clientFinal}`;
  const clientKey = hmac(salted, "Client Key");
  const signature = hmac(digests.hash(algorithm, clientKey), authMessage);
  const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
  const serverFinal = await step(`${clientFinal},p=${toBase64(proof)}`);
  if (serverFinal !== `v=${toBase64(hmac(hmac(salted, "Server Key"), authMessage))}`) {
    throw new ConnectionFault("the broker does not know the password: it may be somebody else's");
  }
}
