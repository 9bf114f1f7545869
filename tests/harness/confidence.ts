// What a broker under test was told in confidence: passwords, keys and tokens of its settings. None
// of it may be in what the broker says, whatever the test is about, so that every test that gives a
// broker a secret looks for it.
//
//   settings ──> secrets;   each line ──> hear();   the end ──> check(), which fails the test

import { parseJaas } from "../../src/base/jaas.ts";
import { isSecretKey } from "../../src/broker/mod.ts";

/** Anything shorter would be found by chance. */
const lengthMin = 8;

/** Of a login module's options; a name is no secret. */
const secretOption = /^user_|password|secret/i;

/** The secrets of one broker, and whether it has kept them. */
export class Confidence {
  readonly #secrets: readonly string[];
  #leak: string | undefined;

  constructor(settings: Readonly<Record<string, string | number>>) {
    const values = Object.entries(settings).filter(([name]) => isSecretKey(name));
    const secrets = values.flatMap(([, value]) => partsOf(String(value)));
    this.#secrets = [...new Set(secrets.filter(({ length }) => length >= lengthMin))];
  }

  /** Of arguments with `--set KEY=VALUE` among them. */
  static ofArguments(args: readonly string[]): Confidence {
    const pairs = args.filter((_, i) => args[i - 1] === "--set").map((pair) => {
      const equals = pair.indexOf("=");
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    return new Confidence(Object.fromEntries(pairs));
  }

  /** Something that it has said. */
  hear(text: string): void {
    this.#leak ??= this.#secrets.some((secret) => text.includes(secret)) ? text : undefined;
  }

  /** Throws where it has told a secret. */
  check(): void {
    if (this.#leak !== undefined) throw new Error(`a secret was told: ${this.#leak}`);
  }
}

/** The passwords of a login module; a line of a key; anything else as it is. */
function partsOf(value: string): string[] {
  const parsed = parseJaas(value);
  if ("entry" in parsed) {
    const options = [...parsed.entry.options];
    return options.filter(([name]) => secretOption.test(name)).map(([, secret]) => secret);
  }
  // The second line: the first one begins alike in all keys.
  const [, , line] = value.split("\n");
  return value.startsWith("-----BEGIN") ? line === undefined ? [] : [line] : [value];
}
