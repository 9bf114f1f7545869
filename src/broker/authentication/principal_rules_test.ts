import { assertEquals } from "@std/assert";
import { parseRules, userOf } from "./principal_rules.ts";

/** The user of `name` by rules that are well-formed. */
function by(text: string, name: string): string | undefined {
  const parsed = parseRules(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return userOf(parsed.rules, name);
}

const name = "CN=Kafka User,OU=Sales,O=Acme\\, Inc.,C=DE";

Deno.test("the first rule that fits the whole name says who it is", () => {
  assertEquals(by("DEFAULT", name), name);
  const rules = "RULE:^CN=(.*?),OU=Service.*$/$1/, RULE:^CN=(.*?),OU=(\\w+).*$/$1@$2/L, DEFAULT";
  assertEquals(by(rules, name), "kafka user@sales");
  assertEquals(by(rules, "CN=web,OU=Service"), "web");
  assertEquals(by(rules, "CN=other"), "CN=other");
  assertEquals(by("RULE:CN=(.*?),.*/$1/U", name), "KAFKA USER");
  assertEquals(by("RULE:CN=Kafka/x/", name), undefined, "a part of the name is not enough");
  assertEquals(by("RULE:.*\\/.*/slash/", "CN=a/b"), "slash");
});

Deno.test("what is no rule is told", () => {
  const problems = [
    ["RULE:CN=(.*)", '"RULE:CN=(.*)" is neither DEFAULT nor RULE:pattern/with/'],
    ["DEFAULT, default", '"default" is neither DEFAULT nor RULE:pattern/with/'],
    ["RULE:(/x/", '"(" is not a regular expression'],
  ] as const;
  for (const [text, problem] of problems) assertEquals(parseRules(text), { problem });
});
