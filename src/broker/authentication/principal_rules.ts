// Rules that make a user's name of the name in a certificate: `ssl.principal.mapping.rules`.
//
//   RULE:^CN=(.*?),OU=Sales.*$/$1/L, DEFAULT
//        pattern, a regular expression that has to fit the whole name
//                              /replacement/, and L or U for the case
//   DEFAULT                                        the name as it is
//
// The first rule that fits is the one. Source: Kafka's SslPrincipalMapper, KIP-371.

/** One rule; undefined of `pattern`: the name as it is. */
interface Rule {
  readonly pattern: RegExp | undefined;
  readonly replacement: string;
  readonly letters: "" | "L" | "U";
}

export type PrincipalRules = readonly Rule[];

/** Either the rules, or what is wrong with the text. */
export type ParsedRules = { readonly rules: PrincipalRules } | { readonly problem: string };

const ruleForm = /\s*(?:(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))\s*(?:,|$)/y;

/** Reads the value of `ssl.principal.mapping.rules`. */
export function parseRules(text: string): ParsedRules {
  const rules: Rule[] = [];
  ruleForm.lastIndex = 0;
  while (ruleForm.lastIndex < text.trimEnd().length) {
    const at = ruleForm.lastIndex;
    const match = ruleForm.exec(text);
    if (match === null) {
      return { problem: `"${text.slice(at).trim()}" is neither DEFAULT nor RULE:pattern/with/` };
    }
    const [, isDefault, pattern = "", replacement = "", letters] = match;
    const parsed = isDefault === undefined ? parsePattern(pattern) : undefined;
    if (typeof parsed === "string") return { problem: parsed };
    rules.push({ pattern: parsed, replacement, letters: (letters ?? "") as Rule["letters"] });
  }
  return { rules };
}

/** The pattern, or what is wrong with it. */
function parsePattern(text: string): RegExp | string {
  try {
    return new RegExp(`^(?:${text})$`, "u");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `"${text}" is not a regular expression`;
  }
}

/** The user's name; undefined where no rule fits, so that nobody may come in by that name. */
export function userOf(rules: PrincipalRules, name: string): string | undefined {
  for (const { pattern, replacement, letters } of rules) {
    if (pattern === undefined) return name;
    if (!pattern.test(name)) continue;
    const user = name.replace(pattern, replacement.replace(/\$(?!\d)/g, "$$$$"));
    if (letters === "") return user;
    return letters === "L" ? user.toLowerCase() : user.toUpperCase();
  }
  return undefined;
}
