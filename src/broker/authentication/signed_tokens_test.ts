// A provider's keys are outside input: what is wrong with one is told, and no token is good by it.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { tokenOf } from "../../../tests/harness/identity_provider.ts";
import { checkSigned, publicKeysOf, type SignedCheck } from "./signed_tokens.ts";

const rules = {
  issuer: undefined,
  audiences: [],
  clockSkewSeconds: 0,
  subjectClaim: "sub",
  scopeClaim: "scope",
};

/** A key pair as identity providers had them once, shorter than what is taken today. */
async function shortKey() {
  const pair = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1_024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  return { id: "short", algorithm: "RS256", pair } as const;
}

function reasonIn(checked: SignedCheck): string {
  return "reason" in checked ? checked.reason : `it let ${checked.user} in`;
}

Deno.test("a token whose key cannot be used is refused, and why is told", async () => {
  const key = await shortKey();
  const token = await tokenOf(key);
  const nowMs = Date.now();
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", key.pair.publicKey);
  for (const jwk of [{ kty, n, e }, { kty, e }, { kty, n: "!", e }]) {
    const keys = publicKeysOf(JSON.stringify({ keys: [{ ...jwk, kid: key.id, alg: "RS256" }] }));
    const checked = await checkSigned(token, { keys, rules, nowMs });
    assertStringIncludes(reasonIn(checked), "the key that it names cannot be used: ");
  }
});

Deno.test("of several keys without a name one that cannot be used is passed over", async () => {
  const key = await shortKey();
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", key.pair.publicKey);
  const keys = publicKeysOf(JSON.stringify({ keys: [{ kty, n, e }, { kty, e }] }));
  const checked = await checkSigned(await tokenOf(key, undefined, { kid: undefined }), {
    keys,
    rules,
    nowMs: Date.now(),
  });
  assertEquals(reasonIn(checked), "its signature is not good");
});
