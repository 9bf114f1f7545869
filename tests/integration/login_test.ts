// A listener that asks who its clients are: who comes in, who does not, and what those who are not
// in can do, in simulated time.

import { assert, assertEquals } from "@std/assert";
import { concatBytes, fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { instantDigests } from "../../src/runtime/digests.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import {
  AlterUserScramCredentials,
} from "../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import { ApiVersions, ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import { type RawClient, request } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";

const jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required " +
  'user_alice="a-secret" user_bob="b-secret";';
const settings = {
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
  "listener.name.plaintext.plain.sasl.jaas.config": jaas,
};

function plain(user: string, password: string): Uint8Array {
  return utf8(`\0${user}\0${password}`);
}

async function logIn(client: RawClient, user: string, password: string) {
  const { errorCode } = await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
  assertEquals(errorCode, ErrorCode.NONE);
  return await client.ask(SaslAuthenticate, 2, { authBytes: plain(user, password) });
}

function frameOf(token: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setInt32(0, token.length);
  return concatBytes([length, token]);
}

Deno.test("who knows the password is in, and asks what it likes", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.ask(ApiVersions, 3, {
      clientSoftwareName: "raw",
      clientSoftwareVersion: "1",
    });
    const answer = await logIn(client, "alice", "a-secret");
    assertEquals([answer.errorCode, answer.sessionLifetimeMs], [ErrorCode.NONE, 0]);
    await client.ask(Metadata, 12, { topics: null });
  }));

Deno.test("who does not know it is told so after a pause, and is out", () =>
  simulated({ settings }, async ({ connect, nowMs }) => {
    for (const [user, password] of [["alice", "b-secret"], ["nobody", "a-secret"]] as const) {
      using client = await connect();
      const startMs = nowMs();
      const answer = await logIn(client, user, password);
      assertEquals(answer.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
      assertEquals(answer.errorMessage, "Authentication failed: Invalid username or password");
      assert(nowMs() - startMs >= 100, "connection.failed.authentication.delay.ms");
      await client.assertClosed();
    }
  }));

Deno.test("who is not in asks ApiVersions, and nothing else", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.send(request(Metadata, 12, { topics: null }));
    await client.assertClosed();
    using between = await connect();
    await between.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
    await between.send(request(Metadata, 12, { topics: null }));
    await between.assertClosed();
    using early = await connect();
    const answer = await early.ask(SaslAuthenticate, 2, { authBytes: plain("alice", "a-secret") });
    assertEquals(answer.errorCode, ErrorCode.ILLEGAL_SASL_STATE);
    await early.assertClosed();
  }));

Deno.test("its frames are small", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.send(new Uint8Array([0, 8, 0, 1]));
    await client.assertClosed();
    using inside = await connect();
    await logIn(inside, "alice", "a-secret");
    const names = Array.from({ length: 20_000 }, (_, i) => ({ name: `${"x".repeat(40)}${i}` }));
    const { topics } = await inside.ask(Metadata, 9, {
      topics: names,
      allowAutoTopicCreation: false,
    });
    assertEquals(topics.length, names.length);
  }));

Deno.test("a mechanism that is not enabled is told what is", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    assertEquals(await client.ask(SaslHandshake, 1, { mechanism: "GSSAPI" }), {
      errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: ["PLAIN", "SCRAM-SHA-256"],
    });
    await client.assertClosed();
  }));

Deno.test("clients of before KIP-152 send bare tokens", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.ask(SaslHandshake, 0, { mechanism: "PLAIN" });
    await client.send(frameOf(plain("bob", "b-secret")));
    assertEquals((await client.receive())?.length, 0);
    await client.ask(Metadata, 12, { topics: null });
    using other = await connect();
    await other.ask(SaslHandshake, 0, { mechanism: "PLAIN" });
    await other.send(frameOf(plain("bob", "wrong")));
    await other.assertClosed();
  }));

Deno.test("a session ends in time, unless its client says again who it is", () =>
  simulated(
    { settings: { ...settings, "connections.max.reauth.ms": 10_000 } },
    async ({ connect, pass }) => {
      using client = await connect();
      assertEquals(Number((await logIn(client, "alice", "a-secret")).sessionLifetimeMs), 10_000);
      await pass(9_000);
      assertEquals((await logIn(client, "alice", "a-secret")).errorCode, ErrorCode.NONE);
      await pass(9_000);
      await client.ask(Metadata, 12, { topics: null });
      await pass(2_000);
      await client.send(request(Metadata, 12, { topics: null }));
      await client.assertClosed();
    },
  ));

Deno.test("nobody becomes somebody else, or logs in by something else", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await logIn(client, "alice", "a-secret");
    const answer = await logIn(client, "bob", "b-secret");
    assertEquals(answer.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
    assertEquals(
      answer.errorMessage,
      "Cannot change principals during re-authentication from User:alice: User:bob",
    );
    await client.assertClosed();
    using other = await connect();
    await logIn(other, "alice", "a-secret");
    const { errorCode } = await other.ask(SaslHandshake, 1, { mechanism: "SCRAM-SHA-256" });
    assertEquals(errorCode, ErrorCode.UNSUPPORTED_SASL_MECHANISM);
    await other.assertClosed();
  }));

Deno.test("a listener that asks nobody says so to who would tell", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { errorCode } = await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
    assertEquals(errorCode, ErrorCode.ILLEGAL_SASL_STATE);
    const answer = await client.ask(SaslAuthenticate, 2, { authBytes: plain("a", "b") });
    assertEquals(answer.errorCode, ErrorCode.ILLEGAL_SASL_STATE);
    await client.ask(Metadata, 12, { topics: null });
  }));

Deno.test("a user of SCRAM logs in by PLAIN, too, where no other users are named", () =>
  simulated({
    settings: {
      ...settings,
      "listener.name.plaintext.plain.sasl.jaas.config": "",
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT",
      "listeners": "PLAINTEXT://10.0.0.1:9092,LOGIN://10.0.0.1:9093",
    },
  }, async ({ connect, connectTo }) => {
    using admin = await connect();
    const salt = utf8("some salt of carl's");
    const password = { password: utf8("c-secret"), salt, iterations: 4_096 };
    const saltedPassword = await instantDigests.pbkdf2("sha256", password);
    const upsertion = { name: "carl", mechanism: 1, iterations: 4_096, salt, saltedPassword };
    await admin.ask(AlterUserScramCredentials, 0, { deletions: [], upsertions: [upsertion] });
    const port = 9093;
    using carl = await connectTo(port);
    assertEquals((await logIn(carl, "carl", "c-secret")).errorCode, ErrorCode.NONE);
    using stranger = await connectTo(port);
    const { errorCode } = await logIn(stranger, "carl", "wrong");
    assertEquals(errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
    // By SCRAM, whoever asks gets the same question, as often as it asks.
    const questions = new Set<string>();
    for (const _ of [1, 2]) {
      using ghost = await connectTo(port);
      await ghost.ask(SaslHandshake, 1, { mechanism: "SCRAM-SHA-256" });
      const { authBytes } = await ghost.ask(SaslAuthenticate, 2, {
        authBytes: utf8("n,,n=ghost,r=abc"),
      });
      questions.add(fromUtf8(authBytes).replace(/^r=[^,]+/, ""));
    }
    assertEquals(questions.size, 1);
  }));

Deno.test("from one address come so many connections, and no more", () =>
  simulated({ settings: { "max.connections.per.ip": 2 } }, async ({ connect }) => {
    using first = await connect();
    await first.ask(Metadata, 12, { topics: null });
    {
      using second = await connect();
      await second.ask(Metadata, 12, { topics: null });
      using third = await connect();
      await third.assertClosed();
    }
    for (;;) {
      using next = await connect();
      await next.send(request(Metadata, 12, { topics: null }));
      // The broker may hear of the end of the second a moment later than of this one.
      if (await next.receive() !== null) break;
    }
  }));
