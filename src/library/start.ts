// How a program that brings a broker along says what broker it wants, and what that comes to: the
// options of `Broker.start`, here and in the test kit.

import { UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds } from "../base/options.ts";
import { type BrokerConfig, loadConfig, type ProgramOptions } from "../broker/mod.ts";
import type { BrokerAcl, BrokerTlsOptions, Secured } from "../broker/access/secured_options.ts";
import type { KnownBrokerConfigs } from "../client/mod.ts";
import type { LogLevel, Runtime } from "../runtime/ports.ts";
import { holdingProcess, unheld } from "../runtime/unheld.ts";

/** How to start a broker. */
export interface BrokerOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Address to listen on; the default is 127.0.0.1. */
  readonly host?: string;
  /** Folder to keep the data in. Without it everything stays in memory and ends with the broker. */
  readonly dataDir?: string;
  /** Whether to keep everything in memory; the default is true unless `dataDir` is given. */
  readonly ephemeral?: boolean;
  /**
   * Kafka's own configuration keys, such as `{ "num.partitions": 3 }`. Of settings that come from
   * elsewhere, `settings as BrokerOptions["config"]`: a start refuses what is none of them.
   */
  readonly config?: KnownBrokerConfigs;
  /** Has the broker speak TLS, and nothing else. */
  readonly tls?: BrokerTlsOptions;
  /**
   * Users with their passwords, such as `{ alice: "a long secret" }`: clients have to log in, by
   * SCRAM, or by PLAIN where that is no risk (TLS, or the loopback address). They are added to
   * those that `dataDir` holds.
   */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * Who may do what, such as `{ allow: "User:alice", to: ["read", "write"], topic: "orders" }`:
   * what no rule allows is denied, but to `super.users` of `config`. They are added to those that
   * `dataDir` holds.
   */
  readonly acls?: readonly BrokerAcl[];
  /** What to log to standard error; the default is "error". */
  readonly logLevel?: LogLevel;
  /** Lets the process end while the broker runs, as timers do that are `unref`. Default false. */
  readonly unref?: boolean;
}

/** What each option is. */
export const brokerOptionKinds: OptionKinds<BrokerOptions> = {
  port: "count",
  host: "text",
  dataDir: "text",
  ephemeral: "flag",
  config: "object",
  tls: "object",
  users: "object",
  acls: "list",
  logLevel: ["trace", "debug", "info", "warn", "error"],
  unref: "flag",
};

/**
 * What differs from the program's defaults while everything is in memory: a test that starts a
 * consumer group need not wait for members that may still come.
 */
export const ephemeralDefaults = {
  "group.initial.rebalance.delay.ms": "0",
  "offsets.topic.num.partitions": "1",
};

/** What is said of security; undefined: nothing is. */
async function securedOf(options: BrokerOptions, host: string): Promise<Secured | undefined> {
  const { tls, users, acls, config = {} } = options;
  if (tls === undefined && users === undefined && acls === undefined) return undefined;
  const { securedOptions } = await import("../broker/access/secured_options.ts");
  return securedOptions({ tls, users, acls }, { host, config: { ...config } });
}

/** A listener that a broker has besides that of its clients, and what it takes for it. */
export interface OwnListener {
  /** As in `listeners`: `KIT://127.0.0.1:0`. */
  readonly listener: string;
  /** As in `listener.security.protocol.map`. */
  readonly protocol: string;
  /** A super user, such as `User:kit`. */
  readonly superUser: string;
  /** Kafka's keys. */
  readonly config: Readonly<Record<string, string>>;
}

/** Where nobody says otherwise, listeners are named for what they speak. */
const usualProtocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
  .map((name) => `${name}:${name}`).join(",");

/** The keys of a broker with `own`, which has `said` without it. */
function withListener(
  said: ProgramOptions,
  own: OwnListener,
): ProgramOptions {
  const and = (key: string, what: string, { otherwise = "", mark = "," } = {}) => {
    const before = `${said[key] ?? otherwise}`;
    return { [key]: before === "" ? what : `${before}${mark}${what}` };
  };
  const { listener, protocol, superUser, config } = own;
  return {
    ...said,
    ...config,
    ...and("listeners", listener, { otherwise: "PLAINTEXT://:0" }),
    ...and("listener.security.protocol.map", protocol, { otherwise: usualProtocols }),
    ...and("super.users", superUser, { mark: ";" }),
  };
}

/** What a broker of a program runs on. */
export interface LibraryRuntime {
  readonly runtime: Runtime;
  /** Does what the program waits for, and would not see the end of if the process ended. */
  waitedFor<T>(work: () => Promise<T>): Promise<T>;
}

/** `runtime` for a broker that keeps the process alive, or does not. */
export function libraryRuntime(runtime: Runtime, { unref = false }): LibraryRuntime {
  if (!unref) return { runtime, waitedFor: (work) => work() };
  return {
    runtime: unheld(runtime),
    waitedFor: (work) => holdingProcess(runtime.timers, work),
  };
}

/** What a start with some options needs. */
export interface LibraryStart {
  readonly config: BrokerConfig;
  /** Who has access, where that is said. */
  readonly access: Secured["access"] | undefined;
}

/**
 * What `options` ask for. Throws UsageFault for options that do not fit together or an invalid
 * configuration.
 */
export async function startOf(
  options: BrokerOptions,
  own?: OwnListener,
): Promise<LibraryStart> {
  checkOptions("Broker.start", options, brokerOptionKinds);
  const { dataDir, ephemeral = dataDir === undefined } = options;
  if (dataDir === "") {
    throw new UsageFault("dataDir is empty: name the folder to keep the data in");
  }
  if (ephemeral && dataDir !== undefined) {
    throw new UsageFault("give either dataDir or ephemeral: true, not both");
  }
  if (!ephemeral && dataDir === undefined) {
    throw new UsageFault("ephemeral: false needs dataDir, the folder to keep the data in");
  }
  const host = options.host ?? "127.0.0.1";
  const secured = await securedOf(options, host);
  const said = { ...(ephemeral ? ephemeralDefaults : {}), ...secured?.config, ...options.config };
  const { config } = loadConfig({
    flags: { port: options.port ?? 0, host, dataDir, ephemeral },
    options: own === undefined ? said : withListener(said, own),
  });
  return { config, access: secured?.access };
}
