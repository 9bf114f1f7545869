import { assertEquals } from "@std/assert";
import { isSecretKey } from "./secrets.ts";

Deno.test("passwords are secrets, by whatever listener, and so is what nobody knows", () => {
  const secrets = [
    "ssl.keystore.password",
    "ssl.keystore.key",
    "sasl.jaas.config",
    "listener.name.internal.ssl.key.password",
    "listener.name.internal.plain.sasl.jaas.config",
    "listener.name.internal.my.plugin.token",
    "my.plugin.token",
    "toString",
    "",
  ];
  assertEquals(secrets.filter((name) => !isSecretKey(name)), []);
  const open = [
    "retention.ms",
    "log.retention.ms",
    "cleanup.policy",
    "listener.name.internal.max.connections",
    "listener.name.internal.ssl.client.auth",
    "consumer.session.timeout.ms",
    "interval.ms",
  ];
  assertEquals(open.filter(isSecretKey), []);
});
