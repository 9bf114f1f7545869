// Tokens of an identity provider, for a program that logs in as itself (KIP-768): it shows the
// provider its id and secret, and is given a token for some time (RFC 6749, 4.4).
//
//   POST  grant_type=client_credentials&scope=...      Authorization: Basic id:secret
//   200   {"access_token": "...", "expires_in": 300}
//
// A token is used for most of its time, then another one is got. A file: URL names a file with a
// token, which is read for each login.
// Invariant: neither a secret nor a token is in any message.

import { toBase64 } from "../../base/base64.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { isPlatformFault, UsageFault } from "../../base/faults.ts";
import { checkOptions } from "../../base/options.ts";
import type { Runtime } from "../../runtime/ports.ts";
import { answerIn } from "../json_answer.ts";

/** Where a program gets its tokens, and as whom. */
export interface TokenEndpoint {
  /** An https:, http: or file: URL. */
  readonly url: string;
  /** The program's id at the provider; not for a file. */
  readonly clientId?: string;
  /** Its secret. */
  readonly clientSecret?: string;
  /** What the token is to be good for, in the provider's words. */
  readonly scope?: string;
  /** PEM: whom the endpoint is trusted by. Default: those that the runtime comes with. */
  readonly ca?: string;
}

export type TokenPorts = Pick<Runtime, "http" | "files" | "clock">;

const answerMsMax = 10_000;
const answerBytesMax = 256 * 1024;
/** Another token is got when so much of a token's time is over. */
const usedShare = 0.8;

/** Gets tokens there, one at a time. Throws UsageFault for an endpoint that makes no sense. */
export function tokensOf(given: TokenEndpoint, ports: TokenPorts): () => Promise<string> {
  const endpoint = checkOptions("connect: sasl endpoint", given, {
    url: "text",
    clientId: "text",
    clientSecret: "text",
    scope: "text",
    ca: "text",
  });
  if (!URL.canParse(endpoint.url) || !/^(file|https?):/i.test(endpoint.url)) {
    throw new UsageFault("connect: sasl endpoint needs url, an https:, http: or file: URL");
  }
  if (/^file:/i.test(endpoint.url)) {
    const path = decodeURIComponent(new URL(endpoint.url).pathname);
    return () => Promise.resolve(tokenIn(path, ports));
  }
  if (!endpoint.clientId || !endpoint.clientSecret) {
    throw new UsageFault("connect: sasl endpoint needs clientId and clientSecret");
  }
  let kept: { readonly token: string; readonly untilMs: number } | undefined;
  let getting: Promise<string> | undefined;
  const get = async () => {
    const { token, lifetimeMs } = await askFor(endpoint, ports);
    kept = { token, untilMs: ports.clock.monotonic() + lifetimeMs * usedShare };
    return token;
  };
  return () => {
    if (kept !== undefined && ports.clock.monotonic() < kept.untilMs) {
      return Promise.resolve(kept.token);
    }
    getting ??= get().finally(() => getting = undefined);
    return getting;
  };
}

function tokenIn(path: string, { files }: TokenPorts): string {
  try {
    const file = files.open(path, "read");
    try {
      const bytes = new Uint8Array(Math.min(file.size, answerBytesMax));
      return fromUtf8(bytes.subarray(0, file.readAt(0, bytes))).trim();
    } finally {
      file.close();
    }
  } catch (error) {
    if (!isPlatformFault(error, "NotFound")) throw error;
    throw new UsageFault(`there is no token in ${path}: there is no such file`);
  }
}

async function askFor(
  { url, clientId = "", clientSecret = "", scope, ca }: TokenEndpoint,
  { http }: TokenPorts,
): Promise<{ readonly token: string; readonly lifetimeMs: number }> {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== undefined) form.set("scope", scope);
  const secret = utf8(`${clientId}:${clientSecret}`);
  const { status, body } = await http.ask(url, {
    msMax: answerMsMax,
    bytesMax: answerBytesMax,
    trusted: ca,
    form: form.toString(),
    headers: {
      accept: "application/json",
      authorization: `Basic ${toBase64(secret)}`,
    },
  });
  const { origin } = new URL(url);
  if (status !== 200) {
    throw new UsageFault(
      `${origin} gives no token to ${clientId}: its answer has status ${status}`,
    );
  }
  const answer = answerIn(fromUtf8(body));
  const { access_token: token, expires_in: seconds } = answer ?? {};
  if (typeof token !== "string") {
    throw new UsageFault(`there is no token in the answer of ${origin}`);
  }
  return { token, lifetimeMs: typeof seconds === "number" ? seconds * 1_000 : 0 };
}
