// What somebody on the network may try. Here is what needs a whole broker, or a false one; the
// other attacks have their tests where what withstands them is:
//
//   user enumeration by time and by message     src/broker/authentication/credentials_test.ts
//   SCRAM: replay, reflected nonces             src/broker/authentication/scram_test.ts
//   SCRAM: iterations, another mechanism        src/client/network/sasl_test.ts,
//                                               src/cluster/admin_test.ts
//   frames before login                         login_test.ts
//   tokens: expired, too early, alg none, keys  token_login_test.ts
//   sessions that outlive their token           token_login_test.ts, login_test.ts
//   tokens: a provider's keys that change       token_login_test.ts
//   certificates out of their time              tests/runtime/suite_tls.ts
//   renegotiation, a slow handshake             tests/runtime/suite_tls.ts
//   a session of TLS that was begun elsewhere   tests/runtime/suite_tls.ts
//   names of topics by their ids                authorization_test.ts
//   a decision that was right a moment ago      access_rules_test.ts
//   secrets in logs, traces, answers, files     secrets_test.ts

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { ca, server } from "../harness/certificates.ts";

Deno.test("a client that wants TLS tells nobody anything who speaks none", async () => {
  const heard: number[] = [];
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  // A man in the middle who answers whatever he hears as a broker without TLS would.
  const answer = new Uint8Array([0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const attack = (async () => {
    for await (const connection of listener) {
      const bytes = new Uint8Array(10_000);
      try {
        for (let count; (count = await connection.read(bytes)) !== null;) {
          heard.push(...bytes.subarray(0, count));
          await connection.write(answer);
        }
      } catch (error) {
        // A client that leaves in the middle of it.
        if (
          !(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
        ) {
          throw error;
        }
      } finally {
        connection.close();
      }
    }
  })();
  const bootstrap = `127.0.0.1:${listener.addr.port}`;
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256"] as const) {
    const sasl = { mechanism, username: "planted-user", password: "planted-password" };
    await assertRejects(() => connect({ bootstrap, tls: { ca }, sasl, clientId: "planted-id" }));
  }
  listener.close();
  await attack.catch(() => {});
  assert(heard.length > 0, "nobody came");
  const text = new TextDecoder("latin1").decode(new Uint8Array(heard));
  assertEquals(text.includes("planted"), false);
});

Deno.test("slow handshakes by the thousand keep nobody else from being served", async () => {
  const folder = await Deno.makeTempDir();
  const slow: Deno.Conn[] = [];
  try {
    await Deno.writeTextFile(`${folder}/keystore`, server.key + server.chain);
    await using broker = await BrokerProcess.start({
      settings: {
        "listener.security.protocol.map": "PLAINTEXT:SSL",
        "ssl.keystore.location": `${folder}/keystore`,
      },
    });
    const { bootstrap, port } = broker;
    await using inside = await connect({ bootstrap, tls: { ca } });
    for (let i = 0; i < 1_500; i++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      slow.push(connection);
      // The first bytes of a ClientHello that never comes.
      await connection.write(new Uint8Array([22, 3, 1, 2])).catch(() => {});
      if (i % 300 !== 299) continue;
      await inside.admin.listTopics();
      await using newcomer = await connect({ bootstrap, tls: { ca } });
      await newcomer.admin.listTopics();
    }
    await broker.said((line) => line.includes("a TLS handshake failed"));
  } finally {
    for (const connection of slow) connection.close();
    await Deno.remove(folder, { recursive: true });
  }
});
