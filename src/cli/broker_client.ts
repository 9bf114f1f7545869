// How commands reach a broker: the options that say which one and as whom, and a client by them.

import { UsageFault } from "../base/faults.ts";
import { certificatesIn, privateKeyIn } from "../base/pem.ts";
import type { Client, ClientOptions, PasswordOptions, SaslOptions } from "../client/mod.ts";
import type { Values } from "./arguments.ts";
import { type CliContext, variable } from "./context.ts";
import { readPassword, readTextFile } from "./text_file.ts";

const defaultBootstrap = "localhost:9092";

/** The options that say which broker, and as whom. */
export const connectionOptions = {
  bootstrap: {
    kind: "text",
    value: "HOST:PORT",
    short: "b",
    also: ["bootstrap-server", "bootstrap-servers", "broker-list", "brokers"],
    about: "a broker to ask first (default localhost:9092, or OTTLA_BOOTSTRAP)",
  },
  user: {
    kind: "text",
    value: "NAME",
    about: "who you are, where the broker asks (or OTTLA_USER)",
  },
  "password-file": {
    kind: "text",
    value: "FILE",
    about: "the first line of FILE is your password (or OTTLA_PASSWORD_FILE)",
  },
  "token-file": {
    kind: "text",
    value: "FILE",
    about: "a token that says who you are, for OAUTHBEARER (or OTTLA_TOKEN_FILE)",
  },
  tls: { kind: "flag", about: "speak TLS (so do --ca and --cert)" },
  ca: { kind: "text", value: "FILE", about: "trust the certificates in FILE (or OTTLA_CA)" },
  cert: { kind: "text", value: "FILE", about: "show this certificate, PEM" },
  key: { kind: "text", value: "FILE", about: "the key of --cert; it may stand in that file" },
  "sasl-mechanism": {
    kind: "text",
    value: "NAME",
    about: "SCRAM-SHA-512 (the default), SCRAM-SHA-256 or PLAIN",
  },
  config: {
    kind: "text",
    value: "FILE",
    also: ["command-config", "consumer.config", "producer.config", "consumer-config"],
    about: "all of that by the keys of Kafka's own clients (or OTTLA_CONFIG)",
  },
} as const;

/** The options that every command talking to a broker takes. */
export const brokerOptions = {
  ...connectionOptions,
  context: {
    kind: "text",
    value: "NAME",
    also: ["profile"],
    about: "the options kept under this name (or OTTLA_CONTEXT): ottla contexts",
  },
} as const;

/** What those options give. */
export type BrokerOptions = Values<typeof brokerOptions>;

/** Runs `work` with a client of the broker that `--bootstrap` or OTTLA_BOOTSTRAP names. */
export function withClient<T>(
  context: CliContext,
  options: Partial<BrokerOptions>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return brokerOf(context, options).then((broker) => withClientOf(context, broker, work));
}

/** Which broker, and as whom: what the options say comes before what the file of them says. */
export async function brokerOf(
  context: CliContext,
  given: Partial<BrokerOptions>,
): Promise<Pick<ClientOptions, "bootstrap" | "sasl" | "tls">> {
  const options = await withContext(context, given);
  const path = options.config ?? variable(context, "OTTLA_CONFIG");
  const said = path === undefined
    ? {}
    : (await import("./client_properties.ts")).readClientProperties(context.runtime.files, path);
  return {
    bootstrap: options.bootstrap ?? variable(context, "OTTLA_BOOTSTRAP") ?? said.bootstrap ??
      defaultBootstrap,
    sasl: saslOf(context, options) ?? said.sasl,
    tls: tlsOf(context, options) || said.tls,
  };
}

/**
 * The options with those of the context that is named, or of the one in use where nothing says
 * which broker: credentials of one are not for another.
 */
async function withContext(
  context: CliContext,
  given: Partial<BrokerOptions>,
): Promise<Partial<BrokerOptions>> {
  const name = given.context ?? variable(context, "OTTLA_CONTEXT");
  const isNamed = given.bootstrap ?? given.config ?? variable(context, "OTTLA_BOOTSTRAP") ??
    variable(context, "OTTLA_CONFIG");
  if (name === undefined && isNamed !== undefined) return given;
  const { contextOptions } = await import("./saved_contexts.ts");
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== false);
  return { ...contextOptions(context.runtime, name), ...Object.fromEntries(set) };
}

/** Runs `work` with a client of that broker. */
export async function withClientOf<T>(
  context: CliContext,
  broker: Pick<ClientOptions, "bootstrap" | "sasl" | "tls">,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { Client } = await import("../client/mod.ts");
  const client = await Client.connect(context.runtime, {
    ...broker,
    clientId: "ottla-cli",
    retryTimeoutMs: 20_000,
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Who the user says to be; undefined when that is left out. */
function saslOf(context: CliContext, options: Partial<BrokerOptions>): SaslOptions | undefined {
  const { files } = context.runtime;
  const username = options.user ?? variable(context, "OTTLA_USER");
  const path = options["password-file"] ?? variable(context, "OTTLA_PASSWORD_FILE");
  const tokenPath = options["token-file"] ??
    (username === undefined ? variable(context, "OTTLA_TOKEN_FILE") : undefined);
  if (tokenPath !== undefined) {
    if (options.user !== undefined) throw new UsageFault("give --user or --token-file, not both");
    const file = { path: tokenPath, option: "--token-file" };
    return { mechanism: "OAUTHBEARER", token: readPassword(files, file).trim() };
  }
  if (username === undefined) {
    if (options["password-file"] === undefined) return undefined;
    throw new UsageFault("--password-file needs --user NAME");
  }
  if (path === undefined) {
    throw new UsageFault(
      `--user ${username} needs --password-file FILE, whose first line is the ` +
        "password",
    );
  }
  const mechanism = options["sasl-mechanism"]?.toUpperCase() as PasswordOptions["mechanism"];
  const password = readPassword(files, { path, option: "--password-file" });
  return { username, password, mechanism };
}

/** How the connection is encrypted; undefined when nothing says that it is. */
function tlsOf(
  context: CliContext,
  { tls = false, ca, cert, key }: Partial<BrokerOptions>,
): ClientOptions["tls"] {
  const trusted = ca ?? variable(context, "OTTLA_CA");
  if (key !== undefined && cert === undefined) throw new UsageFault("--key needs --cert FILE");
  if (trusted === undefined && cert === undefined) return tls;
  const textOf = (path: string, option: string) =>
    readTextFile(context.runtime.files, { path, option });
  return {
    ca: trusted === undefined ? undefined : textOf(trusted, "--ca"),
    cert: cert === undefined ? undefined : certificatesIn(textOf(cert, "--cert")),
    key: cert === undefined ? undefined : privateKeyIn(textOf(key ?? cert, "--key")),
  };
}
