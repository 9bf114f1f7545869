// Listeners behind TLS: what each proves itself by, whom it trusts, and who a client is that has
// shown a certificate.
//
//   SSL        the certificate's name, by ssl.principal.mapping.rules; ANONYMOUS without one
//   SASL_SSL   the login says who the client is, whatever it has shown
//
// A file that has changed is read again within seconds, what kafka-configs alters is taken at once:
// either holds for the next handshake. What cannot be used is told of, and what was there holds on.

import { formatAddress } from "../../base/address.ts";
import { messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import type {
  Files,
  Logger,
  Network,
  SecureListener,
  Timer,
  Timers,
  TlsServerRules,
  TlsTerms,
} from "../../runtime/ports.ts";
import type { AuditLog } from "../access/audit.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { Principal } from "../network/session.ts";
import { subjectOf } from "./distinguished_name.ts";
import { fileMark } from "./file_mark.ts";
import { parseRules, type PrincipalRules, userOf } from "./principal_rules.ts";
import { tlsFilesOf } from "./tls_material.ts";
import { tlsTermsOf, tlsValuesOf } from "./tls_terms.ts";

export interface TlsListenersOptions {
  readonly config: Pick<BrokerConfig, "listeners" | "ofListener" | "protocolOf" | "withValues">;
  readonly network: Pick<Network, "checkTls">;
  readonly files: Files;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly audit: Pick<AuditLog, "handshake"> | undefined;
}

/** What a listener is opened with. */
export interface TlsListening {
  readonly terms: TlsTerms;
  readonly rules: TlsServerRules;
}

/** A listener whose files are looked at. */
interface Watched {
  readonly name: string;
  readonly listener: SecureListener;
  seen: string;
}

const lookEveryMs = 5_000;
const handshakeMsMax = 10_000;
const handshakesMax = 500;

/** The listeners of one broker that are behind TLS. */
export class TlsListeners {
  readonly #options: TlsListenersOptions;
  readonly #watched: Watched[] = [];
  #look: Timer | undefined;

  constructor(options: TlsListenersOptions) {
    this.#options = options;
  }

  /**
   * What the listener of this name is opened with; undefined where it speaks no TLS. Throws
   * UsageFault where the configuration names no key that could be used.
   */
  of(listener: string): TlsListening | undefined {
    const { config, files, logger, audit } = this.#options;
    if (!config.protocolOf(listener).endsWith("SSL")) return undefined;
    return {
      terms: tlsTermsOf(config, files, listener),
      rules: {
        handshakeMsMax,
        handshakesMax,
        onFailed: (peer, reason) => {
          logger.log("warn", "a TLS handshake failed", { peer: formatAddress(peer), reason });
          audit?.handshake(peer, { listener, reason });
        },
      },
    };
  }

  /** Who has shown this certificate to this listener; undefined: nobody that its rules know. */
  principalOf(listener: string, certificate: Uint8Array): Principal | undefined {
    const subject = subjectOf(certificate);
    const name = subject === undefined ? undefined : userOf(this.#rulesOf(listener), subject);
    return name === undefined ? undefined : { type: "User", name };
  }

  /**
   * Why a listener could not prove itself with these values of this broker's keys; undefined: all
   * can. Its file or text is read, and its key tried.
   */
  problemWith(values: ReadonlyMap<string, string>): string | undefined {
    const { config, files, network } = this.#options;
    const proposed = config.withValues(values);
    for (const { name } of config.listeners) {
      if (!config.protocolOf(name).endsWith("SSL")) continue;
      try {
        network.checkTls(tlsTermsOf(proposed, files, name));
      } catch (error) {
        if (!(error instanceof PlatformFault || error instanceof UsageFault)) throw error;
        return `listener ${name}: ${messageOf(error)}`;
      }
    }
    return undefined;
  }

  /** The configuration is another: what it says of keys and certificates holds from now on. */
  review(): void {
    for (const each of this.#watched) {
      const state = this.#stateOf(each.name);
      if (state === each.seen) continue;
      each.seen = state;
      this.#renew(each);
    }
  }

  /** The files of `listener` are looked at from now on. */
  watch(name: string, listener: SecureListener): void {
    this.#watched.push({ name, listener, seen: this.#stateOf(name) });
    this.#look ??= this.#options.timers.after(lookEveryMs, () => this.#lookAgain());
  }

  close(): void {
    this.#look?.cancel();
  }

  #rulesOf(listener: string): PrincipalRules {
    const parsed = parseRules(
      this.#options.config.ofListener("ssl.principal.mapping.rules", { listener }),
    );
    return "rules" in parsed ? parsed.rules : [];
  }

  #lookAgain(): void {
    this.review();
    this.#look = this.#options.timers.after(lookEveryMs, () => this.#lookAgain());
  }

  #renew({ name, listener }: Watched): void {
    const { config, files, logger } = this.#options;
    try {
      listener.renew(tlsTermsOf(config, files, name));
      logger.log("info", "took over a listener's new certificates or TLS settings", {
        listener: name,
      });
    } catch (error) {
      if (!(error instanceof PlatformFault || error instanceof UsageFault)) throw error;
      logger.log("error", "a listener's new certificates cannot be used; the old ones hold on", {
        listener: name,
        reason: messageOf(error),
      });
    }
  }

  /** Another text when one of the listener's files, or of its values, is another. */
  #stateOf(listener: string): string {
    const { config, files } = this.#options;
    const states = tlsFilesOf(config, listener).map((path) => `${path} ${fileMark(files, path)}`);
    return [...states, ...tlsValuesOf(config, listener)].join("\n");
  }
}
