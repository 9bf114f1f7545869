// Which tokens each listener takes, by the configuration, and the keys that they are checked by.
//
//   sasl.oauthbearer.jwks.endpoint.url       signed by one of the keys there
//   unsecuredValidator... in the listener's login module, or Kafka's class of that name
//                                            signed by nobody: said at the start
//
// Listeners with the same URL share its keys. The keys are read ahead, when a listener is opened.
// Differs from Kafka: a broker with OAUTHBEARER and no keys to check signatures by does not start,
// unless unsigned tokens are configured; Kafka accepts unsigned tokens by default. Where keys
// cannot be fetched the broker starts all the same, and refuses logins by token until they have
// been.

import { loading } from "../../base/loading.ts";
import { UsageFault } from "../../base/faults.ts";
import type { Files, HttpPort, Logger, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { TokenCheck } from "./bearer.ts";
import { Jwks } from "./jwks.ts";
import type { PublicKeys } from "./signed_tokens.ts";
import type { TokenRules } from "./token_rules.ts";
import { fileOfUrl, tokenScopeOf, type TokenTerms, tokenTermsOf } from "./token_terms.ts";
import { tlsTrustOf } from "./tls_material.ts";
import { checkUnsecured } from "./unsecured_tokens.ts";

export interface BearerTokensOptions {
  readonly config: Pick<BrokerConfig, "ofListener">;
  readonly files: Files;
  readonly http: HttpPort;
  readonly timers: Timers;
  /** The wall clock: tokens say until when they are good. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** Throws UsageFault where a file is missing that the tokens of `listener` are checked by. */
export function checkTokenFiles(
  { config, files }: Pick<BearerTokensOptions, "config" | "files">,
  listener: string,
): void {
  const { jwksUrl, options } = tokenTermsOf(config, listener);
  tlsTrustOf(files, options);
  const path = jwksUrl === undefined ? undefined : fileOfUrl(jwksUrl);
  if (path === undefined || files.stat(path) !== undefined) return;
  throw new UsageFault(`sasl.oauthbearer.jwks.endpoint.url: there is no file ${path}`);
}

/** The tokens of one broker's listeners. */
export class BearerTokens {
  readonly #options: BearerTokensOptions;
  readonly #jwks = new Map<string, Jwks<PublicKeys>>();

  constructor(options: BearerTokensOptions) {
    this.#options = options;
  }

  /** Says what is dangerous about a listener that takes tokens, and reads its keys ahead. */
  open(listener: string): void {
    const { config, logger } = this.#options;
    const terms = tokenTermsOf(config, listener);
    if (terms.unsecured === undefined) return void this.#jwksOf(listener, terms)?.keys();
    const message = "this listener takes tokens that nobody has signed: whoever reaches it is " +
      "whom he says he is: docs/security.md";
    logger.log("warn", message, { listener });
  }

  /** How the tokens of the clients of `listener` are checked. */
  checkOf(listener: string): TokenCheck {
    const { config, now } = this.#options;
    const terms = tokenTermsOf(config, listener);
    const { unsecured: rules } = terms;
    if (rules === undefined) return (token) => this.#checkSigned(token, { listener, terms });
    return (token) => Promise.resolve(checkUnsecured(token, { rules, nowMs: now() }));
  }

  close(): void {
    for (const jwks of this.#jwks.values()) jwks.close();
  }

  async #checkSigned(
    token: string,
    { listener, terms }: { readonly listener: string; readonly terms: TokenTerms },
  ): ReturnType<TokenCheck> {
    const jwks = this.#jwksOf(listener, terms);
    const keys = await jwks?.keys();
    if (jwks === undefined || keys === undefined) {
      return { status: "invalid_token", reason: "there are no keys to check it by" };
    }
    const { checkSigned } = await loading(import("./signed_tokens.ts"));
    const rules = this.#rulesOf(listener);
    const checked = await checkSigned(token, { keys, rules, nowMs: this.#options.now() });
    if (!("isKeyUnknown" in checked) || !checked.isKeyUnknown) return checked;
    const newer = await jwks.newKeys() ?? keys;
    return await checkSigned(token, { keys: newer, rules, nowMs: this.#options.now() });
  }

  #rulesOf(listener: string): TokenRules {
    const { config } = this.#options;
    const scope = tokenScopeOf(listener);
    return {
      issuer: config.ofListener("sasl.oauthbearer.expected.issuer", scope) ?? undefined,
      audiences: config.ofListener("sasl.oauthbearer.expected.audience", scope),
      clockSkewSeconds: config.ofListener("sasl.oauthbearer.clock.skew.seconds", scope),
      subjectClaim: config.ofListener("sasl.oauthbearer.sub.claim.name", scope),
      scopeClaim: config.ofListener("sasl.oauthbearer.scope.claim.name", scope),
    };
  }

  #jwksOf(listener: string, { jwksUrl: url, options }: TokenTerms): Jwks<PublicKeys> | undefined {
    if (url === undefined) return undefined;
    const { config, files, http, timers, monotonic, logger } = this.#options;
    let jwks = this.#jwks.get(url);
    if (jwks !== undefined) return jwks;
    const scope = tokenScopeOf(listener);
    const backoff = "sasl.oauthbearer.jwks.endpoint.retry.backoff";
    jwks = new Jwks({
      url,
      parse: async (text) => (await loading(import("./signed_tokens.ts"))).publicKeysOf(text),
      refresh: {
        everyMs: config.ofListener("sasl.oauthbearer.jwks.endpoint.refresh.ms", scope),
        retryMs: config.ofListener(`${backoff}.ms`, scope),
        retryMsMax: config.ofListener(`${backoff}.max.ms`, scope),
      },
      trusted: tlsTrustOf(files, options),
      files,
      http,
      timers,
      monotonic,
      logger,
    });
    this.#jwks.set(url, jwks);
    return jwks;
  }
}
