// What clients are told of brokers and leaders, by an image of three brokers.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../base/ids.ts";
import { missing } from "../../base/items.ts";
import { type MetadataRecordInput, MetadataReplay } from "../../cluster/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { ClusterView } from "./cluster_view.ts";

function broker(brokerId: number, o: { name?: string; fenced?: boolean } = {}) {
  const { name = "PLAINTEXT", fenced = false } = o;
  const endPoint = { name, host: `registered-${brokerId}`, port: 9092, securityProtocol: 0 };
  return {
    type: "RegisterBrokerRecord",
    version: 0,
    fields: {
      brokerId,
      incarnationId: ZERO_UUID,
      brokerEpoch: 0,
      endPoints: [endPoint],
      features: [],
      rack: `rack-${brokerId}`,
      fenced,
    },
  } as const;
}

function viewOf(records: readonly MetadataRecordInput[]): ClusterView {
  const replay = new MetadataReplay();
  replay.apply(records as never, records.length - 1);
  const metadata = { image: replay.image, leaderEpoch: 1, controllerId: 1 };
  const advertised = { host: "reached", port: 19092 };
  return new ClusterView({ nodeId: 1, metadata }, { name: "PLAINTEXT", advertised });
}

function partition(leader: number, replicas = [1, 2, 3]) {
  return {
    id: 0,
    leader,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas,
    isr: replicas,
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    lastKnownElr: [],
    directories: [],
    leaderBrokerEpoch: -1,
    recovering: false,
  };
}

Deno.test("a client is told of the brokers that its listener reaches", () => {
  const view = viewOf([
    broker(1),
    broker(2),
    broker(3, { fenced: true }),
    broker(4, { name: "X" }),
  ]);
  const [self, other = missing(), fenced = missing()] = view.brokers({ fenced: true });
  assertEquals(self, {
    nodeId: 1,
    host: "reached",
    port: 19092,
    rack: "rack-1",
    isFenced: false,
  });
  assertEquals([other.nodeId, other.host, other.port], [2, "registered-2", 9092]);
  assertEquals([fenced.nodeId, fenced.isFenced], [3, true]);
  assertEquals(view.brokers().map(({ nodeId }) => nodeId), [1, 2]);
  assertEquals([view.broker(2)?.host, view.broker(3), view.broker(4)], [
    "registered-2",
    undefined,
    undefined,
  ]);
});

Deno.test("a leader that cannot be reached is none", () => {
  const view = viewOf([broker(1), broker(2), broker(3, { fenced: true })]);
  const none = { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1 };
  const led = (leaderId: number) => ({ errorCode: ErrorCode.NONE, leaderId });
  assertEquals(view.leaderOf(partition(2), false), { ...led(2), offlineReplicas: [3] });
  assertEquals(view.leaderOf(partition(2), true), { ...led(2), offlineReplicas: [1, 3] });
  assertEquals(view.leaderOf(partition(1), false), { ...led(1), offlineReplicas: [3] });
  assertEquals(view.leaderOf(partition(1), true), { ...none, offlineReplicas: [1, 3] });
  assertEquals(view.leaderOf(partition(3), false), { ...none, offlineReplicas: [3] });
  assertEquals(view.leaderOf(partition(-1, [1, 9]), false), { ...none, offlineReplicas: [9] });
});
