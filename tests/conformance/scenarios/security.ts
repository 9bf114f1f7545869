// Who clients are, and that nobody overhears them: each sends and reads by TLS, by its certificate
// and by every mechanism of SASL behind TLS, and the broker's audit log says whom it has let in.

import { assert, assertEquals } from "@std/assert";
import { Client, loadUserAdmin } from "../../../src/client/mod.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { alice, ca, server } from "../../harness/certificates.ts";
import { audience, issuer, jwksOf, newKey, tokenOf } from "../../harness/identity_provider.ts";
import type { AdminWay } from "../brokers.ts";
import type { LogIn, Way } from "../driver.ts";
import type { Scenario, Session } from "../scenario.ts";
import { fromTheBeginning, partitionCount, sampleRecords, spread, valuesOf } from "./samples.ts";

const security = "org.apache.kafka.common.security";
const password = 'a, "long"=secret';

/** One of the ways in, and what the audit log calls who has come by it. */
interface Taken {
  readonly way: Way;
  readonly settings: Record<string, string>;
  readonly principal: string | undefined;
}

/** Files of keys, and what of the broker's settings all ways have in common. */
async function prepared(folder: string): Promise<{ way: Way; settings: Record<string, string> }> {
  const files = { ca, "alice.pem": alice.chain, "alice.key": alice.key };
  for (const [name, text] of Object.entries({ ...files, server: server.key + server.chain })) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return {
    way: { ca: `${folder}/ca` },
    settings: {
      "ssl.keystore.location": `${folder}/server`,
      "ssl.truststore.location": `${folder}/ca`,
      "ottla.audit.log": `${folder}/audit.log`,
    },
  };
}

/** Runs the scenario for a client that comes in by the way that `choose` makes of what there is. */
async function comeInBy(
  session: Session,
  choose: (folder: string) => Promise<Taken>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "way-in-" });
  try {
    const { way, settings, principal } = await choose(folder);
    await session.securely({ way, settings }, async ({ driver, makeTopic }) => {
      const topic = await makeTopic("guarded", { partitions: partitionCount });
      const sent = spread(sampleRecords(20));
      await driver.produce(topic, sent, {});
      const from = fromTheBeginning(partitionCount);
      const read = await driver.read(topic, { from, count: sent.length });
      assertEquals(valuesOf(read), valuesOf(sent));
    });
    if (principal === undefined) return;
    const lines = (await Deno.readTextFile(`${folder}/audit.log`)).trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line));
    const ins = events.filter(({ event, outcome }) =>
      event === "authentication" && outcome === "in"
    );
    assert(ins.length > 0, "somebody has come in");
    const mechanism = way.logIn?.mechanism ?? "TLS";
    for (const event of ins.filter((each) => each.principal !== "User:admin")) {
      assertEquals([event.principal, event.mechanism], [principal, mechanism]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function loggedIn(folder: string, logIn: (folder: string) => Promise<LogIn>): Promise<Taken> {
  const { way, settings } = await prepared(folder);
  const plain = `${security}.plain.PlainLoginModule required user_admin="admin-secret" ` +
    `user_alice="${password.replaceAll('"', '\\"')}";`;
  return {
    way: { ...way, logIn: await logIn(folder) },
    settings: {
      ...settings,
      "listener.security.protocol.map": "PLAINTEXT:SASL_SSL",
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
      "listener.name.plaintext.plain.sasl.jaas.config": plain,
      "sasl.oauthbearer.jwks.endpoint.url": `file://${folder}/jwks.json`,
      "sasl.oauthbearer.expected.issuer": issuer,
      "sasl.oauthbearer.expected.audience": audience,
    },
    principal: "User:alice",
  };
}

function byPassword(mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512"): Scenario {
  return {
    name: `sends and reads behind TLS, logged in by ${mechanism}`,
    run: (session) =>
      comeInBy(session, (folder) =>
        loggedIn(folder, async (folder) => {
          await Deno.writeTextFile(`${folder}/jwks.json`, await jwksOf([await newKey("one")]));
          return { mechanism, username: "alice", password };
        })),
  };
}

/** How somebody comes in who may everything, where clients come in by `way`. */
export function adminOf({ logIn, cert }: Way): AdminWay {
  const sasl = { mechanism: "PLAIN", username: "admin", password: "admin-secret" } as const;
  const known = cert === undefined ? {} : { cert: alice.chain, key: alice.key };
  return { tls: { ca, ...known }, ...logIn && { sasl } };
}

/** Makes alice's credentials, which the password that PLAIN is configured with does not. */
export async function addScramUser(bootstrap: string, admin: AdminWay): Promise<void> {
  const client = await Client.connect(await detectRuntime(), { bootstrap, ...admin });
  try {
    const { setPassword } = await loadUserAdmin();
    await setPassword(client, { name: "alice", password });
  } finally {
    client.close();
  }
}

export const securityScenarios: readonly Scenario[] = [
  {
    name: "sends and reads behind TLS",
    run: (session) =>
      comeInBy(session, async (folder) => {
        const { way, settings } = await prepared(folder);
        const map = { "listener.security.protocol.map": "PLAINTEXT:SSL" };
        return { way, settings: { ...settings, ...map }, principal: undefined };
      }),
  },
  {
    name: "sends and reads behind TLS, known by its certificate",
    run: (session) =>
      comeInBy(session, async (folder) => {
        const { way, settings } = await prepared(folder);
        const own = {
          "listener.security.protocol.map": "PLAINTEXT:SSL",
          "ssl.client.auth": "required",
          "ssl.principal.mapping.rules": "RULE:^CN=([^,]*),.*$/$1/",
        };
        return {
          way: { ...way, cert: `${folder}/alice.pem`, key: `${folder}/alice.key` },
          settings: { ...settings, ...own },
          principal: "User:alice",
        };
      }),
  },
  byPassword("PLAIN"),
  byPassword("SCRAM-SHA-256"),
  byPassword("SCRAM-SHA-512"),
  {
    name: "sends and reads behind TLS, logged in by a signed token (OAUTHBEARER)",
    run: (session) =>
      comeInBy(session, (folder) =>
        loggedIn(folder, async (folder) => {
          const key = await newKey("one", "RS256");
          await Deno.writeTextFile(`${folder}/jwks.json`, await jwksOf([key]));
          const tokenFile = `${folder}/token`;
          const token = await tokenOf(key);
          await Deno.writeTextFile(tokenFile, token);
          return { mechanism: "OAUTHBEARER", token, tokenFile };
        })),
  },
];
