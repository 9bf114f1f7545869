import { assertEquals } from "@std/assert";
import { parseJaas } from "./jaas.ts";

Deno.test("a login module is read as Kafka's own files have it", () => {
  const text = `org.apache.kafka.common.security.plain.PlainLoginModule required
      username="broker" \t user_alice='a"b' user_bob="c\\"d;=" user_carl=plain;`;
  assertEquals(parseJaas(text), {
    entry: {
      module: "PlainLoginModule",
      options: new Map([
        ["username", "broker"],
        ["user_alice", 'a"b'],
        ["user_bob", 'c"d;='],
        ["user_carl", "plain"],
      ]),
    },
  });
});

Deno.test("what is wrong is said, without the passwords", () => {
  const problems = [
    ["", "it names no login module"],
    ["Plain", '"required" has to follow the login module\'s name'],
    ['Plain required user_a="secret"', "it has to end with a semicolon"],
    ['Plain required user_a="secret;', "a quote is not closed"],
    ["Plain required user_a=;", "option user_a has no value"],
    ["Plain required user_a secret;", "option user_a has no value"],
    ["Plain required =secret;", "an option has no name"],
    ["Plain required user_a=secret user_a=other;", "option user_a is given twice"],
    ["Plain required a=secret; Other required b=c;", "it holds more than one login module"],
  ] as const;
  for (const [text, problem] of problems) assertEquals(parseJaas(text), { problem }, text);
});
