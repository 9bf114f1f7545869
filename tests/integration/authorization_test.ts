// Every API against a broker that checks access: who may do nothing is refused with what the
// handler declares, and learns nothing; who may do just what it declares goes through; and without
// any one part of that it does not.

import { assert, assertEquals } from "@std/assert";
import type { Handler } from "../../src/broker/handler.ts";
import { allHandlers } from "../../src/broker/handlers/mod.ts";
import { ErrorCode, errorName, FindCoordinator, Metadata } from "../../src/protocol/mod.ts";
import { visitErrors } from "../../src/protocol/response_errors.ts";
import { allow, deny, forgetRules, guarded, type GuardedScene } from "../harness/guarded_broker.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { freshName } from "../harness/shared_broker.ts";
import {
  messageOf,
  needsOf,
  resourceTypes,
  ruleOf,
  type Variant,
  variantsOf,
  versionsOf,
} from "../harness/guarded_requests.ts";
import { type Names, smallRequests } from "../harness/small_requests.ts";

const refusals: ReadonlySet<number> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
]);

/** The codes of an answer that say that something may not be done, by their names. */
function refusalsIn({ api }: Handler, answer: unknown): string[] {
  const found = new Set<string>();
  visitErrors(api, answer, (code) => {
    if (refusals.has(code)) found.add(errorName(code));
  });
  return [...found].sort();
}

interface Asked {
  readonly handler: Handler;
  readonly variant: Variant;
  readonly names: Names;
}

/** Every API with each of what it is asked here, at its newest version or at all of them. */
async function* everyQuestion(
  names: Omit<Names, "version" | "group">,
  { versions }: { readonly versions: "all" | "newest" },
): AsyncGenerator<Asked> {
  for (const handler of await allHandlers()) {
    for (const variant of variantsOf(handler.api.name)) {
      const { min, max } = versionsOf(handler, variant);
      for (let version = versions === "all" ? min : max; version <= max; version++) {
        const group = freshName("group");
        const newTopic = freshName("new");
        yield { handler, variant, names: { ...names, newTopic, group, version } };
      }
    }
  }
}

/** Those may be asked by anybody. */
const free = new Set([
  "SaslHandshake",
  "ApiVersions",
  "SaslAuthenticate",
  "DescribeCluster",
  // Who may is said by the tokens themselves.
  "RenewDelegationToken",
  "ExpireDelegationToken",
  "GetTelemetrySubscriptions",
  "PushTelemetry",
]);
/** Those say again who they are, and end what is begun here. */
const logins = new Set(["SaslHandshake", "SaslAuthenticate"]);

function ask(client: RawClient, { handler, variant, names }: Asked): Promise<unknown> {
  return client.ask(handler.api, names.version, messageOf(handler, variant, names) as never);
}

async function prepared({ admin }: GuardedScene) {
  const { name: topic, topicId } = await makeTopic(admin);
  // Coordinators' topics are there before anybody is refused.
  for (const keyType of [0, 1]) {
    await admin.ask(FindCoordinator, 4, { keyType, coordinatorKeys: ["any"] });
  }
  return { topic, topicId, newTopic: "", memberId: "" };
}

Deno.test("who may do nothing is refused what a handler needs, at every version", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using nobody = await scene.connectAs("bob");
    for await (const asked of everyQuestion(names, { versions: "all" })) {
      const { handler, variant, names: { version } } = asked;
      const { name } = handler.api;
      if (logins.has(name)) continue;
      const title = `${name} v${version} ${variant.when ?? ""}`;
      const found = refusalsIn(handler, await ask(nobody, asked));
      const declared = needsOf(handler, variant).map(({ refusal }) => errorName(refusal!));
      if (declared.length === 0) {
        const isHidden = handler.authorise.every(({ refusal }) => refusal === null);
        assert(free.has(name) || isHidden, title);
        assertEquals(found, [], title);
      } else {
        assertEquals(found.length, 1, `${title}: ${found}`);
        assert(declared.includes(found[0]), `${title}: ${found}, of ${declared}`);
      }
    }
  }));

Deno.test("who may do just what a handler needs goes through", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using alice = await scene.connectAs("alice");
    for await (const asked of everyQuestion(names, { versions: "newest" })) {
      const { handler, variant } = asked;
      if (logins.has(handler.api.name)) continue;
      const needs = needsOf(handler, variant);
      await forgetRules(scene.admin);
      await allow(scene.admin, ...needs.flatMap(({ access }) => ruleOf(access, asked.names)));
      const found = refusalsIn(handler, await ask(alice, asked));
      assertEquals(found, [], `${handler.api.name} ${variant.when ?? ""}`);
      for (const { access, or } of needs) {
        if (or === undefined) continue;
        // The other one is as good.
        const others = needs.filter((each) => each.access !== access);
        await forgetRules(scene.admin);
        const rules = [or, ...others.map((each) => each.access)];
        await allow(scene.admin, ...rules.flatMap((each) => ruleOf(each, asked.names)));
        const found = refusalsIn(handler, await ask(alice, asked));
        assertEquals(found, [], `${handler.api.name}: ${or}`);
      }
    }
  }));

Deno.test("who may do all but one thing that a handler needs is refused with its error", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using alice = await scene.connectAs("alice");
    const everything = Object.values(resourceTypes).map((resourceType) => ({
      resourceType,
      resourceName: resourceType === resourceTypes.cluster ? "kafka-cluster" : "*",
      operation: 2,
    }));
    for await (const asked of everyQuestion(names, { versions: "newest" })) {
      const { handler, variant } = asked;
      if (logins.has(handler.api.name)) continue;
      for (const { access, or, refusal } of needsOf(handler, variant)) {
        await forgetRules(scene.admin);
        await allow(scene.admin, ...everything);
        const denied = or === undefined ? [access] : [access, or];
        const rules = denied.flatMap((each) => ruleOf(each, asked.names));
        await deny(scene.admin, ...rules, ...variant.also === undefined ? [] : [variant.also]);
        for (const [api, version] of variant.before ?? []) {
          const message = smallRequests[api.name]({ ...asked.names, version });
          await scene.admin.ask(api, version, message as never);
        }
        const found = refusalsIn(handler, await ask(alice, asked));
        const title = `${handler.api.name} ${variant.when ?? ""} without ${denied}`;
        assertEquals(found, [errorName(refusal!)], title);
      }
    }
  }));

Deno.test("a refusal does not tell whether there is such a topic", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using nobody = await scene.connectAs("bob");
    const missing = freshName("topic");
    for await (const asked of everyQuestion(names, { versions: "all" })) {
      const { handler, variant, names: { version } } = asked;
      if (logins.has(handler.api.name)) continue;
      const made = messageOf(handler, variant, asked.names);
      if (!JSON.stringify(made).includes(names.topic)) continue;
      const elsewhere = { ...asked, names: { ...asked.names, topic: missing } };
      const told = JSON.stringify(await ask(nobody, asked), plain);
      const toldOfMissing = JSON.stringify(await ask(nobody, elsewhere), plain);
      const title = `${handler.api.name} v${version}`;
      assertEquals(told.replaceAll(names.topic, missing), toldOfMissing, title);
      assert(!told.includes(names.topicId), title);
    }
  }));

Deno.test("an id tells nobody the name of a topic that he may not describe", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using nobody = await scene.connectAs("bob");
    const byId: string[] = [];
    for await (const asked of everyQuestion(names, { versions: "all" })) {
      const { handler, variant } = asked;
      const made = JSON.stringify(messageOf(handler, variant, asked.names), plain);
      if (!made.includes(names.topicId) || made.includes(names.topic)) continue;
      const told = JSON.stringify(await ask(nobody, asked), plain);
      assert(!told.includes(names.topic), `${handler.api.name} v${asked.names.version}: ${told}`);
      byId.push(handler.api.name);
    }
    const metadata = { topics: [{ topicId: names.topicId, name: null }] };
    const told = await nobody.ask(Metadata, 12, { ...metadata, allowAutoTopicCreation: false });
    assertEquals(told.topics.map(({ name, partitions }) => [name, partitions]), [[null, []]]);
    assertEquals([...new Set(byId)].includes("Fetch"), true, "some are asked by id alone");
  }));

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
