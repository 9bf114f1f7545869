// What a program of somebody else does with the package: every face, on every runtime.

import { Broker, type BrokerOptions, KafkaError, UsageFault } from "@ottla/ottla";
import { type Cluster, connect } from "@ottla/ottla/client";
import { encodeRequest, everyApi, Heartbeat } from "@ottla/ottla/protocol";

const options: BrokerOptions = { config: { "num.partitions": 1 } };
const broker = await Broker.start(options);
const cluster: Cluster = await connect({ bootstrap: broker.bootstrap });
try {
  await cluster.producer({ compression: "snappy" }).send({ topic: "orders", value: "paid" });
  const consumer = cluster.consumer({ groupId: "billing", autoOffsetReset: "earliest" });
  consumer.subscribe(["orders"]);
  const [record] = await consumer.poll({ timeoutMs: 60_000 });
  const code = await cluster.admin.describeTopic("absent").then(
    () => "none",
    (error: unknown) => error instanceof KafkaError ? error.code : "another",
  );
  const refused = await Broker.start({ dataDir: "" }).then(
    () => false,
    (error: unknown) => error instanceof UsageFault,
  );
  const origin = { correlationId: 7, clientId: "tool" };
  const request = { groupId: "billing", generationId: 1, memberId: "m", groupInstanceId: null };
  const frame: readonly Uint8Array[] = encodeRequest(Heartbeat, 4, origin, request);
  const value = new TextDecoder().decode(record?.value ?? new Uint8Array());
  console.log([value, code, refused, everyApi.size > frame.length].join(" "));
} finally {
  await cluster.close();
  await broker.close();
}
