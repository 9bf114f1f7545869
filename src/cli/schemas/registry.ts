// The schema registry that a command line names: its options, and what is asked of it.
//
// Invariant: what goes wrong with it is told as its trouble, not as the broker's.

import { messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import {
  type RegisteredSchema,
  type Schema,
  SchemaRegistry,
  SchemaRegistryFault,
} from "../../client/mod.ts";
import type { Values } from "../arguments.ts";
import { type CliContext, variable } from "../context.ts";
import { readPassword, readTextFile } from "../text_file.ts";
import { type JsonCodec, SchemaCodecs } from "./schema_codecs.ts";

/** The options that say which registry, and as whom. */
export const registryOptions = {
  "schema-registry": {
    kind: "text",
    value: "URL",
    short: "r",
    about: "a schema registry of Confluent's API (or OTTLA_SCHEMA_REGISTRY)",
  },
  "registry-user": { kind: "text", value: "NAME", about: "who you are there" },
  "registry-password-file": {
    kind: "text",
    value: "FILE",
    about: "the first line of FILE is your password there",
  },
  "registry-ca": {
    kind: "text",
    value: "FILE",
    about: "trust its certificate by those in FILE",
  },
} as const;

/** A schema, and what it makes of JSON. */
export interface UsableSchema {
  readonly id: number;
  readonly codec: JsonCodec;
}

/** Why a schema is not one: nobody has it, or nobody here can read it. */
export interface UnusableSchema {
  readonly unusable: string;
}

/** A registry whose schemas are used. Each call throws UsageFault where it refuses. */
export class UsedRegistry {
  readonly #url: string;
  readonly #registry: SchemaRegistry;
  readonly #codecs: SchemaCodecs;

  constructor(url: string, registry: SchemaRegistry) {
    this.#url = url;
    this.#registry = registry;
    this.#codecs = new SchemaCodecs(({ subject, version }) => registry.version(subject, version));
  }

  /** The schema of an id, or why there is none to use. */
  schema(id: number): Promise<UsableSchema | UnusableSchema> {
    return this.#asked(async () => {
      try {
        return await this.#usable(await this.#registry.schema(id));
      } catch (error) {
        const isUnknown = error instanceof SchemaRegistryFault && error.status === 404;
        if (isUnknown) return { unusable: `the registry has no schema ${id}` };
        if (error instanceof UsageFault) return { unusable: messageOf(error) };
        throw error;
      }
    });
  }

  /** The one that a subject was given last. */
  latest(subject: string): Promise<UsableSchema> {
    return this.#asked(async () => await this.#usable(await this.#registry.latest(subject)));
  }

  /** One that the subject has from now on, if it has not already. */
  registered(subject: string, schema: Schema): Promise<UsableSchema> {
    return this.#asked(async () => {
      const id = await this.#registry.idOf(subject, schema, { registers: true });
      return await this.#usable({ ...schema, id });
    });
  }

  async #usable(schema: RegisteredSchema): Promise<UsableSchema> {
    return { id: schema.id, codec: await this.#codecs.of(schema) };
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof SchemaRegistryFault || error instanceof PlatformFault) {
        throw new UsageFault(`${this.#url}: ${messageOf(error)}`, { cause: error });
      }
      throw error;
    }
  }
}

/** The registry that options or the environment name; undefined: none. Throws UsageFault. */
export function registryOf(
  context: CliContext,
  options: Values<typeof registryOptions>,
): UsedRegistry | undefined {
  const { files, http } = context.runtime;
  const url = options["schema-registry"] ?? variable(context, "OTTLA_SCHEMA_REGISTRY");
  const user = options["registry-user"];
  const passwordFile = options["registry-password-file"];
  const ca = options["registry-ca"];
  if (url === undefined) {
    if ((user ?? passwordFile ?? ca) === undefined) return undefined;
    throw new UsageFault("which registry? Name it with --schema-registry URL");
  }
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new UsageFault("--registry-user NAME and --registry-password-file FILE go together");
  }
  const registry = new SchemaRegistry(() => Promise.resolve(http), {
    url: /^https?:\/\//i.test(url) ? url : `http://${url}`,
    ...user !== undefined && passwordFile !== undefined && {
      login: {
        user,
        password: readPassword(files, { path: passwordFile, option: "--registry-password-file" }),
      },
    },
    ...ca !== undefined && { ca: readTextFile(files, { path: ca, option: "--registry-ca" }) },
  });
  return new UsedRegistry(url, registry);
}
