import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { alice, aliceName, ca, renewed } from "../../../tests/harness/certificates.ts";
import { subjectOf } from "./distinguished_name.ts";

function derOf(pem: string): Uint8Array {
  const base64 = pem.replace(/-----[^-]+-----|\s/g, "");
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
}

Deno.test("a certificate's name is written as Java writes it", () => {
  assertEquals(subjectOf(derOf(alice.chain)), aliceName);
  assertEquals(subjectOf(derOf(renewed.chain)), "O=Renewed,CN=localhost");
  assertEquals(subjectOf(derOf(ca)), "CN=Ottla test CA");
});

Deno.test("what is no certificate has no name, and harms nobody", () => {
  const bytes = derOf(alice.chain);
  fc.assert(fc.property(
    fc.nat(bytes.length - 1),
    fc.nat(255),
    fc.nat(bytes.length),
    (at, value, length) => {
      const changed = bytes.slice(0, length);
      if (at < changed.length) changed[at] = value;
      const subject = subjectOf(changed);
      return subject === undefined || typeof subject === "string";
    },
  ));
});
