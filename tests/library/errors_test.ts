// What a program is told when something goes wrong: one family of errors, decided by `code`.

import assert from "node:assert/strict";
import { connect, ConnectionFault, KafkaError, PlatformFault, UsageFault } from "../../client.ts";
import { Broker as PlainBroker } from "../../mod.ts";
import { DecodeFault, EncodeFault } from "../../protocol.ts";
import { Broker, OttlaError, WaitTimeout } from "../../testing.ts";
import type { PlatformFaultKind } from "../../src/base/faults.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";

/** What `call` rejects with: class, code, and whether it is worth another attempt. */
async function told(call: Promise<unknown>): Promise<string> {
  const error = await call.then(() => assert.fail("it went well"), (error: unknown) => error);
  assert(error instanceof OttlaError, String(error));
  return `${error.name} ${error.code} ${error.isRetriable}`;
}

Deno.test("a program decides by the code of an error, whatever threw it", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap, retryTimeoutMs: 200 });
  const { admin } = cluster;
  const producer = cluster.producer();

  assert.equal(
    await told(admin.describeTopic("absent")),
    "KafkaError UNKNOWN_TOPIC_OR_PARTITION true",
  );
  assert.equal(
    await told(admin.createTopic({ name: "orders" })),
    "KafkaError TOPIC_ALREADY_EXISTS false",
  );
  assert.equal(await told(producer.send({ topic: "", value: "paid" })), "UsageFault USAGE false");
  {
    using _cut = broker.faults.cut({ api: "CreateTopics" });
    assert.equal(
      await told(admin.createTopic({ name: "more" })),
      "ConnectionFault CONNECTION_LOST true",
    );
  }
  const waiting = broker.waitFor({ topic: "orders", records: 1 }, { timeout: 1 });
  assert.equal(await told(waiting), "WaitTimeout WAIT_TIMEOUT true");

  const taken = PlainBroker.start({ port: broker.address.port });
  assert.equal(await told(taken), "PlatformFault ADDRESS_IN_USE true");
});

Deno.test("who cannot be reached is told with the cause", async () => {
  const broker = await Broker.start();
  await broker.close();
  await assert.rejects(connect({ bootstrap: broker.bootstrap }), (error: OttlaError) => {
    assert.deepEqual([error.code, error.isRetriable], ["REFUSED", true]);
    assert(error.cause instanceof PlatformFault);
    return true;
  });
});

Deno.test("a cluster that is closed opens nothing that would wait in vain", async () => {
  await using broker = await Broker.start();
  const cluster = await connect({ bootstrap: broker.bootstrap });
  await cluster.close();
  assert.throws(() => cluster.producer(), UsageFault);
  assert.throws(() => cluster.consumer(), UsageFault);
  assert.throws(() => cluster.shareConsumer({ groupId: "emails", topics: ["orders"] }), UsageFault);
});

Deno.test("no code of Ottla's own is one of Kafka's", () => {
  const kinds: Record<PlatformFaultKind, true> = {
    NotFound: true,
    AlreadyExists: true,
    NoSpace: true,
    ReadOnly: true,
    TooManyFiles: true,
    AddressInUse: true,
    Refused: true,
    Denied: true,
    Closed: true,
    Io: true,
  };
  const own: OttlaError[] = [
    ...[UsageFault, ConnectionFault, DecodeFault, EncodeFault, WaitTimeout].map((of) => new of("")),
    ...(Object.keys(kinds) as PlatformFaultKind[]).map((kind) => new PlatformFault(kind, "")),
  ];
  const codes = own.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert(!Object.hasOwn(ErrorCode, code), code);
});

Deno.test("an error of Kafka's has its name and its number", () => {
  const cause = new Error("why");
  const error = new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, "send", undefined, { cause });
  assert.deepEqual(
    [error.code, error.errorCode, error.isRetriable, error.cause],
    ["NOT_LEADER_OR_FOLLOWER", 6, true, cause],
  );
});
