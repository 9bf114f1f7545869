// The ways in that each listener has, by the configuration: which mechanisms, whose passwords.
//
//   PLAINTEXT                no login: everybody is User:ANONYMOUS
//   SASL_PLAINTEXT           listener.name.<name>.sasl.enabled.mechanisms, or the broker's own
//                            PLAIN, SCRAM by passwords, OAUTHBEARER by tokens
//
// What is configured is read when a client comes, so that a change holds for the next one.

import { toBase64 } from "../../base/base64.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import { ScramMechanism } from "../../cluster/access/scram.ts";
import type { Digests, Files, HttpPort, Logger, Random, Timers } from "../../runtime/ports.ts";
import { offeredMechanisms } from "../config/login_check.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { bearerExchange } from "./bearer.ts";
import { BearerTokens, checkTokenFiles } from "./bearer_tokens.ts";
import { Credentials } from "./credentials.ts";
import { parseJaas } from "../../base/jaas.ts";
import type { DelegationTokens } from "./delegation_tokens.ts";
import type { LoginOptions } from "./login.ts";
import type { Mechanism } from "./mechanism.ts";
import { plainExchange } from "./plain.ts";
import { scramExchange } from "./scram.ts";
import { scramAlgorithm } from "./scram_hashes.ts";

export interface LoginsOptions {
  readonly config: Pick<BrokerConfig, "get" | "ofListener" | "protocolOf">;
  readonly image: () => Pick<MetadataImage, "scramCredentials" | "someScramCredentials">;
  readonly delegationTokens: Pick<DelegationTokens, "credential">;
  readonly digests: Digests;
  readonly random: Random;
  readonly files: Files;
  readonly http: HttpPort;
  readonly timers: Timers;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

const scramMechanisms: Readonly<Record<string, number>> = {
  "SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256,
  "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512,
};
const nonceBytes = 18;
const secretBytes = 32;

/** Whether clients of `listener` may log in by tokens. */
function takesTokens(config: LoginsOptions["config"], listener: string): boolean {
  return config.protocolOf(listener).startsWith("SASL_") &&
    config.ofListener("sasl.enabled.mechanisms", { listener }).includes("OAUTHBEARER");
}

/** Throws UsageFault where a file is missing that logins by `listener` are checked by. */
export function checkLoginFiles(
  options: Pick<LoginsOptions, "config" | "files">,
  listener: string,
): void {
  if (takesTokens(options.config, listener)) checkTokenFiles(options, listener);
}

/** The ways in of one broker. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #credentials: Credentials;
  readonly #tokens: BearerTokens;

  constructor(options: LoginsOptions) {
    const { digests, image, random } = options;
    this.#options = options;
    this.#tokens = new BearerTokens(options);
    this.#credentials = new Credentials({ digests, image, secret: random.bytes(secretBytes) });
  }

  /** Clients of `listener` are about to come. */
  open(listener: string): void {
    if (takesTokens(this.#options.config, listener)) this.#tokens.open(listener);
  }

  close(): void {
    this.#tokens.close();
  }

  /** How clients of `listener` come in; undefined where they need not say who they are. */
  of(listener: string): LoginOptions | undefined {
    const { config, timers, monotonic } = this.#options;
    if (!config.protocolOf(listener).startsWith("SASL_")) return undefined;
    const names = config.ofListener("sasl.enabled.mechanisms", { listener });
    const delayMs = config.get("connection.failed.authentication.delay.ms");
    return {
      mechanisms: new Map(
        // One that is not offered may have been set while the broker ran.
        names.filter((name) => offeredMechanisms.includes(name))
          .map((name) => [name, () => this.#begin(name, listener)]),
      ),
      frameBytesMax: config.ofListener("sasl.server.max.receive.size", { listener }),
      sessionMs: (mechanism) =>
        config.ofListener("connections.max.reauth.ms", { listener, mechanism }),
      pause: () => new Promise((resolve) => timers.after(delayMs, resolve)),
      monotonic,
    };
  }

  #begin(name: string, listener: string): ReturnType<Mechanism> {
    const { digests, random } = this.#options;
    if (name === "OAUTHBEARER") return bearerExchange(this.#tokens.checkOf(listener));
    const mechanism = scramMechanisms[name];
    if (mechanism === undefined) return plainExchange(this.#passwordCheck(listener));
    const algorithm = scramAlgorithm(mechanism);
    return scramExchange({
      name,
      algorithm,
      digests,
      credential: (user) => this.#credentials.stored(user, mechanism),
      decoy: (user) => this.#credentials.decoy(user, mechanism),
      token: (id) => this.#options.delegationTokens.credential(id, algorithm),
      newNonce: () => toBase64(random.bytes(nonceBytes)),
    });
  }

  #passwordCheck(listener: string) {
    const text = this.#options.config.ofListener("sasl.jaas.config", {
      listener,
      mechanism: "PLAIN",
    });
    const users = text === null ? undefined : plainUsers(text);
    return users === undefined ? this.#credentials.checkStored : this.#credentials.checkOf(users);
  }
}

/** The users of a PlainLoginModule, with their passwords. */
function plainUsers(jaas: string): ReadonlyMap<string, string> {
  const parsed = parseJaas(jaas);
  const users = new Map<string, string>();
  if ("problem" in parsed) return users;
  for (const [name, value] of parsed.entry.options) {
    if (name.startsWith("user_")) users.set(name.slice("user_".length), value);
  }
  return users;
}
