import { assertEquals } from "@std/assert";
import { javaHost } from "./address.ts";

Deno.test("an address reads as Java writes it, which access rules are compared with", () => {
  const known = {
    "127.0.0.1": "127.0.0.1",
    "::1": "0:0:0:0:0:0:0:1",
    "::": "0:0:0:0:0:0:0:0",
    "2001:DB8::00ff": "2001:db8:0:0:0:0:0:ff",
    "fe80::1%eth0": "fe80:0:0:0:0:0:0:1%eth0",
    "1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8",
    "1::": "1:0:0:0:0:0:0:0",
    "::ffff:10.0.0.7": "10.0.0.7",
    "*": "*",
    "example.org": "example.org",
  };
  for (const [given, java] of Object.entries(known)) assertEquals(javaHost(given), java);
});
