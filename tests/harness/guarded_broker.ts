// A broker that checks access, in simulated time: whom it knows, and how rules are made for them.
//
//   await guarded(async ({ admin, connectAs }) => {
//     await allow(admin, { resourceType: 2, resourceName: "orders", operation: 3 });
//     using alice = await connectAs("alice");
//   });
//
// `admin` is a super user; alice may what rules say.

import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { CreateAcls } from "../../src/protocol/apis/30_create_acls.ts";
import { DeleteAcls } from "../../src/protocol/apis/31_delete_acls.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import type { RawClient } from "./raw_client.ts";
import { simulated, type SimulatedOptions, type SimulatedScene } from "./simulated_broker.ts";

const users = ["admin", "alice", "bob"];
export type GuardedUser = "admin" | "alice" | "bob";

function passwordOf(user: string): string {
  return `the-password-of-${user}`;
}

/** What makes a broker check access. */
export const guardedSettings: Readonly<Record<string, string>> = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:admin",
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN",
  "listener.name.plaintext.plain.sasl.jaas.config":
    "org.apache.kafka.common.security.plain.PlainLoginModule required " +
    users.map((name) => `user_${name}="${passwordOf(name)}"`).join(" ") + ";",
};

export interface GuardedScene extends SimulatedScene {
  readonly admin: RawClient;
  /** A connection that has logged in. */
  connectAs(user: GuardedUser): Promise<RawClient>;
}

/** Runs `scenario` against a broker of its own that checks access. */
export async function guarded(
  scenario: (scene: GuardedScene) => Promise<void>,
  options: SimulatedOptions = {},
): Promise<void> {
  const settings = { ...guardedSettings, ...options.settings };
  await simulated({ ...options, settings }, async (scene) => {
    const connectAs = async (user: GuardedUser) => {
      const client = await scene.connect();
      await logIn(client, user);
      return client;
    };
    using admin = await connectAs("admin");
    await scenario({ ...scene, admin, connectAs });
    assertEquals(scene.bugs, []);
  });
}

/** Says who the client is. */
export async function logIn(client: RawClient, user: GuardedUser): Promise<void> {
  await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
  const authBytes = utf8(`\0${user}\0${passwordOf(user)}`);
  const { errorCode } = await client.ask(SaslAuthenticate, 2, { authBytes });
  assertEquals(errorCode, ErrorCode.NONE);
}

/** A rule for alice; what is left out is common. */
export interface Rule {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType?: number;
  readonly principal?: string;
  readonly host?: string;
  readonly operation: number;
  readonly permissionType?: number;
}

/** Makes rules. */
export async function allow(admin: RawClient, ...rules: readonly Rule[]): Promise<void> {
  const creations = rules.map((each) => ({
    resourcePatternType: 3,
    principal: "User:alice",
    host: "*",
    permissionType: 3,
    ...each,
  }));
  const { results } = await admin.ask(CreateAcls, 3, { creations });
  for (const { errorCode, errorMessage } of results) {
    assertEquals([errorCode, errorMessage || null], [ErrorCode.NONE, null]);
  }
}

/** Makes rules that deny. */
export async function deny(admin: RawClient, ...rules: readonly Rule[]): Promise<void> {
  await allow(admin, ...rules.map((each) => ({ ...each, permissionType: 2 })));
}

/** Removes every rule. */
export async function forgetRules(admin: RawClient): Promise<void> {
  const any = {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  };
  const { filterResults } = await admin.ask(DeleteAcls, 3, { filters: [any] });
  assertEquals(filterResults.map(({ errorCode }) => errorCode), [ErrorCode.NONE]);
}
