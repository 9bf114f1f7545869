import { assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { SaslHandshake } from "../../protocol/apis/17_sasl_handshake.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { instantDigests as digests } from "../../runtime/digests.ts";
import { simulate } from "../../runtime/simulated.ts";
import { authenticate, checkSasl, type Send } from "./sasl.ts";

const ports = simulate(1).start("client");
const password = checkSasl({ username: "user", password: "pencil" }, ports);

/** A broker that says these things, one after the other, and what it has heard. */
function broker(...sayings: readonly string[]) {
  const left = [...sayings];
  const heard: string[] = [];
  const send = ((api: unknown, message: { authBytes?: Uint8Array }) => {
    if (api === SaslHandshake) return Promise.resolve({ errorCode: 0, mechanisms: [] });
    const text = fromUtf8(message.authBytes ?? utf8(""));
    heard.push(text);
    const [, nonce = ""] = /r=([^,]+)/.exec(text) ?? [];
    const authBytes = utf8((left.shift() ?? "").replace("NONCE", nonce));
    return Promise.resolve({ errorCode: 0, errorMessage: null, authBytes, sessionLifetimeMs: 7 });
  }) as unknown as Send;
  return { send, heard };
}

Deno.test("a client does not help a broker that wants to guess its password", async () => {
  const salt = btoa("a salt");
  const questions = [
    `r=NONCEours,s=${salt},i=1`,
    `r=NONCEours,s=${salt},i=4095`,
    `r=NONCEours,s=${salt},i=-1`,
    `r=NONCEours,s=${salt},i=1000001`,
    `r=NONCEours,s=${salt},i=2147483647`,
    `r=NONCEours,s=${salt},i=4096999999999`,
    `r=NONCEours,s=${salt}`,
    // Its own nonce alone: no part of it is the broker's.
    `r=NONCE,s=${salt},i=4096`,
    `r=another,s=${salt},i=4096`,
    "",
  ];
  for (const question of questions) {
    const { send, heard } = broker(question);
    await assertRejects(
      () => authenticate(password, { send, ports: { ...ports, digests } }),
      Error,
      "makes no sense",
    );
    assertEquals(heard.length, 1, "it has proved nothing");
  }
});

Deno.test("a client is not talked into another way than its own", async () => {
  const asked: string[] = [];
  const send = ((api: unknown) => {
    asked.push(api === SaslHandshake ? "handshake" : "more");
    return Promise.resolve({
      errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: ["PLAIN"],
    });
  }) as unknown as Send;
  await assertRejects(
    () => authenticate(password, { send, ports: { ...ports, digests } }),
    Error,
    "SCRAM-SHA-512 is not enabled, PLAIN are",
  );
  assertEquals(asked, ["handshake"]);
});

Deno.test("a client leaves a broker that cannot prove that it knows the password", async () => {
  for (const last of [`v=${btoa("x".repeat(64))}`, "v=", ""]) {
    const { send } = broker(`r=NONCEours,s=${btoa("a salt")},i=4096`, last);
    await assertRejects(
      () => authenticate(password, { send, ports: { ...ports, digests } }),
      Error,
      "does not know the password",
    );
  }
});

Deno.test("a token that is refused is told as the broker has said it", async () => {
  const sasl = checkSasl({ mechanism: "OAUTHBEARER", token: () => "abc.def.ghi" }, ports);
  const taken = broker("");
  assertEquals(await authenticate(sasl, { send: taken.send, ports }), 7);
  assertEquals(taken.heard, ["n,,\x01auth=Bearer abc.def.ghi\x01\x01"]);
  const strange = broker('{"status":"invalid_token"}', "");
  await assertRejects(() => authenticate(sasl, { send: strange.send, ports }), Error, "neither");
  assertEquals(strange.heard[1], "\x01");
  const none = checkSasl({ mechanism: "OAUTHBEARER", token: "two words" }, ports);
  await assertRejects(() => authenticate(none, { send: taken.send, ports }), Error, "is none");
});
