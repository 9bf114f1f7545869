import { assertEquals, assertThrows } from "@std/assert";
import { server } from "./certificates.ts";
import { Confidence } from "./confidence.ts";

const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
const settings = {
  "num.partitions": "12345678",
  "listener.name.plaintext.plain.sasl.jaas.config":
    `${module} required username="somebody" user_alice="the-password" user_b="short";`,
  "ssl.keystore.key": server.key,
  "ottla.metrics.token": "the-bearer-token",
};

Deno.test("a secret of the settings that is said fails the test, and nothing else does", () => {
  const saidBy = (text: string) => {
    const confidence = new Confidence(settings);
    confidence.hear("before");
    confidence.hear(text);
    confidence.hear("after");
    return () => confidence.check();
  };
  const keyLine = server.key.split("\n")[2];
  for (const secret of ["the-password", "the-bearer-token", keyLine]) {
    assertThrows(saidBy(`a line with ${secret} in it`), Error, "a secret was told: a line with");
  }
  for (
    const text of [module, "alice", "somebody", "short", "12345678", "-----BEGIN PRIVATE KEY-----"]
  ) {
    assertEquals(saidBy(text)(), undefined);
  }
  const args = ["start", "--set", "ottla.metrics.token=the-bearer-token", "--port", "0"];
  const told = Confidence.ofArguments(args);
  told.hear("the-bearer-token");
  assertThrows(() => told.check());
});
