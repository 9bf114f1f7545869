// Regular expressions over topic names, in RE2's syntax and in linear time, as Kafka takes them
// from consumers (KIP-848).
//
// The engine is loaded when a consumer first subscribes by an expression: until then compile() says
// nothing, and begins to load it. A compiled expression is kept, since it is asked for again and
// again; only so many are.

import { loading } from "../../base/loading.ts";
import { Recent } from "../../base/recent.ts";
import type { BadRegex, NameMatcher, RegexEngine } from "../../coordinator/mod.ts";

/** Compiled expressions that are kept. */
const keptMax = 1_000;

type Compile = (regex: string) => NameMatcher | BadRegex;

export class Regexes implements RegexEngine {
  #compile: Compile | undefined;
  #loading: Promise<void> | undefined;
  readonly #kept = new Recent<string, NameMatcher | BadRegex>(keptMax);

  /** Resolves once expressions can be compiled. */
  load(): Promise<void> {
    this.#loading ??= loadEngine().then((compile) => {
      this.#compile = compile;
    });
    return this.#loading;
  }

  compile(regex: string): NameMatcher | BadRegex | undefined {
    const compile = this.#compile;
    if (compile === undefined) {
      this.load();
      return undefined;
    }
    return this.#kept.getOrMake(regex, () => compile(regex));
  }
}

async function loadEngine(): Promise<Compile> {
  const { RE2JS, RE2JSSyntaxException } = await loading(import("re2js"));
  return (regex) => {
    try {
      const pattern = RE2JS.compile(regex);
      return (name) => pattern.matches(name);
    } catch (error) {
      if (!(error instanceof RE2JSSyntaxException)) throw error;
      return { problem: error.message };
    }
  };
}
