import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { instantDigests as digests } from "../../runtime/digests.ts";
import type { DigestAlgorithm } from "../../runtime/ports.ts";
import type { Step } from "./mechanism.ts";
import { scramExchange, type StoredScram } from "./scram.ts";

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
}

async function storedOf(
  algorithm: DigestAlgorithm,
  { password, salt }: { password: string; salt: Uint8Array },
): Promise<StoredScram> {
  const iterations = 4_096;
  const key = await digests.pbkdf2(algorithm, { password: utf8(password), salt, iterations });
  const derived = (text: string) => digests.hmac(algorithm, { key, bytes: utf8(text) });
  const storedKey = digests.hash(algorithm, derived("Client Key"));
  return { salt, iterations, storedKey, serverKey: derived("Server Key") };
}

/** A server whose one user is the RFC's, with the RFC's nonce. */
async function exchange({ user = "user" } = {}) {
  const salt = bytesOf("W22ZaJ0SNY7soEsUEjb6gQ==");
  const stored = await storedOf("sha256", { password: "pencil", salt });
  return scramExchange({
    algorithm: "sha256",
    name: "SCRAM-SHA-256",
    digests,
    credential: (name) => name === user ? stored : undefined,
    decoy: () => stored,
    token: () => Promise.resolve(undefined),
    newNonce: () => "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  });
}

function said(step: Step): string {
  if (step.type === "refused") throw new Error(step.refusal.reason);
  return fromUtf8(step.reply);
}

const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const clientFinal = `c=biws,r=${nonce},${proof}`;

Deno.test("the exchange of RFC 7677 comes out as printed there", async () => {
  const { take } = await exchange();
  const first = said(await take(utf8(clientFirst)));
  assertEquals(first, `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  const last = await take(utf8(clientFinal));
  assertEquals(said(last), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  assertEquals(last.type === "known" && last.user, "user");
});

Deno.test("who does not exist is asked like any other, and refused in the end", async () => {
  const real = await exchange();
  const ghost = await exchange({ user: "somebody else" });
  const wrong = `c=biws,r=${nonce},p=${btoa("x".repeat(32))}`;
  assertEquals(await ghost.take(utf8(clientFirst)), await real.take(utf8(clientFirst)));
  const refusal = await ghost.take(utf8(clientFinal));
  assertEquals(refusal, await real.take(utf8(wrong)));
  assertEquals(refusal, {
    type: "refused",
    refusal: {
      told: "Authentication failed during authentication due to invalid credentials with SASL " +
        "mechanism SCRAM-SHA-256",
      reason: "wrong password, or no such user: user",
    },
  });
});

Deno.test("what does not belong together, or is no SCRAM at all, is refused", async () => {
  const firsts = [
    "",
    "n,,",
    "p=tls-unique,,n=user,r=abc",
    "n,,n=us=er,r=abc",
    "n,,n=user,r=",
    "n,,n=user,r=a\u0000b",
    `n,,n=user,r=${"x".repeat(2_000)}`,
    "n,a=root,n=user,r=abc",
    "n,,n=user,r=abc,tokenauth=true",
    "m=ext,n,,n=user,r=abc",
  ];
  for (const first of firsts) {
    assertEquals((await (await exchange()).take(utf8(first))).type, "refused", first);
  }
  const finals = [
    "",
    clientFirst,
    `c=biws,r=other,${proof}`,
    // Of another exchange: its nonce is not ours.
    `c=biws,r=rOprNGfwEbeRWgbNEkqO3rfcNHYJY1ZVvWVs7j,${proof}`,
    `c=eSws,r=${nonce},${proof}`,
    `c=!,r=${nonce},${proof}`,
    `c=biws,r=${nonce},p=`,
    `c=biws,r=${nonce},p=AAAA`,
    `c=biws,r=${nonce},p=%`,
    `c=biws,r=${nonce}`,
  ];
  for (const final of finals) {
    const { take } = await exchange();
    await take(utf8(clientFirst));
    assertEquals((await take(utf8(final))).type, "refused", final);
  }
});

Deno.test("a name with an equals sign or a comma is itself again", async () => {
  const { take } = await exchange({ user: "a=b,c" });
  await take(utf8("n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO"));
  const step = await take(utf8(clientFinal));
  // The proof is for another name's messages: what is told is whose it was.
  const reason = step.type === "refused" && step.refusal.reason;
  assertEquals(reason, "wrong password, or no such user: a=b,c");
});

Deno.test("an exchange that somebody has overheard lets nobody in a second time", async () => {
  const nonces = ["%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "another one of ours"];
  const salt = bytesOf("W22ZaJ0SNY7soEsUEjb6gQ==");
  const stored = await storedOf("sha256", { password: "pencil", salt });
  const begin = () =>
    scramExchange({
      algorithm: "sha256",
      name: "SCRAM-SHA-256",
      digests,
      credential: () => stored,
      token: () => Promise.resolve(undefined),
      decoy: () => stored,
      newNonce: () => nonces.shift() ?? "",
    });
  const overheard = begin();
  await overheard.take(utf8(clientFirst));
  assertEquals((await overheard.take(utf8(clientFinal))).type, "known");
  const replayed = begin();
  const challenge = said(await replayed.take(utf8(clientFirst)));
  assertEquals((await replayed.take(utf8(clientFinal))).type, "refused");
  // Our own part of the nonce, said back as the client's, proves nothing either.
  const [, ours = ""] = /^r=rOprNGfwEbeRWgbNEkqO([^,]+),/.exec(challenge) ?? [];
  assertEquals(ours, "another one of ours");
  const reflected = begin();
  await reflected.take(utf8(`n,,n=user,r=${ours}`));
  assertEquals((await reflected.take(utf8(`c=biws,r=${ours},${proof}`))).type, "refused");
});
