// Login configuration in JAAS's syntax, as the values of `sasl.jaas.config` have it:
//
//   org.apache.kafka.common.security.plain.PlainLoginModule required
//     username="broker" password="b-secret" user_alice="a-secret";
//
//   entry := class flag (name = value)* ;      value := "..." with \ before a character, or a word
//
// The class is told by its last part alone, so that names of shaded libraries do as well.

/** One login module with its options. */
export interface JaasEntry {
  /** The last part of the class name, such as PlainLoginModule. */
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Either the entry, or what is wrong with the text; the text itself is never repeated. */
export type ParsedJaas = { readonly entry: JaasEntry } | { readonly problem: string };

const flags: ReadonlySet<string> = new Set(["required", "requisite", "sufficient", "optional"]);
const tokenForm = /\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([=;])|([^\s"'=;]+))/y;

interface Token {
  readonly text: string;
  readonly isSign: boolean;
}

/** Reads the one entry that a value of `sasl.jaas.config` holds. */
export function parseJaas(text: string): ParsedJaas {
  const tokens = tokensOf(text.trim());
  if (tokens === undefined) return { problem: "a quote is not closed" };
  const [module, flag, ...rest] = tokens;
  if (module === undefined || module.isSign) return { problem: "it names no login module" };
  if (flag === undefined || !flags.has(flag.text.toLowerCase())) {
    return { problem: `"required" has to follow the login module's name` };
  }
  const end = rest.at(-1);
  if (end === undefined || !isSign(end, ";")) return { problem: "it has to end with a semicolon" };
  const options = optionsOf(rest.slice(0, -1));
  if (typeof options === "string") return { problem: options };
  return { entry: { module: module.text.split(".").at(-1) ?? "", options } };
}

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  tokenForm.lastIndex = 0;
  while (tokenForm.lastIndex < text.length) {
    const match = tokenForm.exec(text);
    if (match === null) return undefined;
    const [, double, single, sign, word] = match;
    const quoted = (double ?? single)?.replace(/\\([^])/g, "$1");
    tokens.push({ text: quoted ?? sign ?? word ?? "", isSign: sign !== undefined });
  }
  return tokens;
}

function isSign({ text, isSign }: Token, sign: string): boolean {
  return isSign && text === sign;
}

/** The options, or what is wrong with them. */
function optionsOf(tokens: readonly Token[]): Map<string, string> | string {
  const options = new Map<string, string>();
  for (let i = 0; i < tokens.length; i += 3) {
    const [name, equals, value] = tokens.slice(i, i + 3);
    if (name !== undefined && isSign(name, ";")) return "it holds more than one login module";
    if (name === undefined || name.isSign) return "an option has no name";
    if (equals === undefined || value === undefined || !isSign(equals, "=") || value.isSign) {
      return `option ${name.text} has no value`;
    }
    if (options.has(name.text)) return `option ${name.text} is given twice`;
    options.set(name.text, value.text);
  }
  return options;
}
