// What a listener says about the tokens that it takes, and whether that makes sense.

import type { BrokerConfig } from "../config/in_force.ts";
import { parseJaas } from "../../base/jaas.ts";
import { type UnsecuredRules, unsecuredRulesOf } from "./unsecured_tokens.ts";

const unsecuredHandler = "OAuthBearerUnsecuredValidatorCallbackHandler";

/** Kafka's classes that check tokens, by the last part of their names. */
const tokenHandlers: readonly string[] = [
  "OAuthBearerValidatorCallbackHandler",
  unsecuredHandler,
];

type Config = Pick<BrokerConfig, "ofListener">;

/** Whose values of a key are meant. */
export function tokenScopeOf(listener: string) {
  return { listener, mechanism: "OAUTHBEARER" };
}

/** The path that a file: URL names; undefined for any other. */
export function fileOfUrl(url: string): string | undefined {
  return /^file:/i.test(url) ? decodeURIComponent(new URL(url).pathname) : undefined;
}

/** What a listener says about tokens. */
export interface TokenTerms {
  /** The last part of the class that is to check them. */
  readonly handler: string | undefined;
  readonly jwksUrl: string | undefined;
  /** Set where unsigned tokens are asked for. */
  readonly unsecured: UnsecuredRules | undefined;
  /** Options of the login module. */
  readonly options: ReadonlyMap<string, string>;
}

/** What the configuration of `listener` says about tokens. */
export function tokenTermsOf(config: Config, listener: string): TokenTerms {
  const scope = tokenScopeOf(listener);
  const jaas = config.ofListener("sasl.jaas.config", scope);
  const parsed = parseJaas(jaas ?? "");
  const options = "entry" in parsed ? parsed.entry.options : new Map<string, string>();
  const handler = config.ofListener("sasl.server.callback.handler.class", scope)?.split(".").at(-1);
  const asks = handler === unsecuredHandler ||
    [...options.keys()].some((name) => name.startsWith("unsecuredValidator"));
  return {
    handler,
    jwksUrl: config.ofListener("sasl.oauthbearer.jwks.endpoint.url", scope) ?? undefined,
    unsecured: asks ? unsecuredRulesOf(options) : undefined,
    options,
  };
}

/** What is wrong with what a listener says about tokens, if anything. */
export function tokenProblem(config: Config, listener: string): string | undefined {
  const { handler, jwksUrl, unsecured } = tokenTermsOf(config, listener);
  const prefix = `listener.name.${listener.toLowerCase()}.oauthbearer.`;
  const scope = tokenScopeOf(listener);
  const jaas = config.ofListener("sasl.jaas.config", scope);
  const parsed = jaas === null ? undefined : parseJaas(jaas);
  if (parsed !== undefined && "problem" in parsed) {
    return `${prefix}sasl.jaas.config: ${parsed.problem}`;
  }
  if (parsed !== undefined && parsed.entry.module !== "OAuthBearerLoginModule") {
    return `${prefix}sasl.jaas.config: OAUTHBEARER needs an OAuthBearerLoginModule, not a ` +
      parsed.entry.module;
  }
  if (handler !== undefined && !tokenHandlers.includes(handler)) {
    return `${prefix}sasl.server.callback.handler.class: ${handler} cannot be loaded here: ` +
      `tokens are checked as by ${tokenHandlers.join(" or ")}`;
  }
  const urlKey = "sasl.oauthbearer.jwks.endpoint.url";
  if (unsecured !== undefined) {
    if (jwksUrl === undefined) return undefined;
    return `${urlKey}: listener ${listener} is to take unsigned tokens, too: drop one of them`;
  }
  if (jwksUrl === undefined) {
    return `${urlKey}: listener ${listener} offers OAUTHBEARER and has no keys to check tokens ` +
      "by: name the file: or https: URL of its provider's keys";
  }
  if (!URL.canParse(jwksUrl) || !/^(file|https?):/i.test(jwksUrl)) {
    return `${urlKey}: "${jwksUrl}" is no file:, https: or http: URL`;
  }
  const path = fileOfUrl(jwksUrl);
  return path === "/" ? `${urlKey}: "${jwksUrl}" names no file` : undefined;
}
