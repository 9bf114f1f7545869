import { assertEquals } from "@std/assert";
import { groupVersionFeature, type MetadataImage } from "../../cluster/mod.ts";
import { type BrokerConfig, ConfigSource, loadConfig } from "./mod.ts";
import { groupConfigOf } from "./group_parts.ts";

/** An image of a cluster in which nothing is set but this. */
function imageWith(group: string, values: Readonly<Record<string, string>>) {
  return {
    features: new Map([[groupVersionFeature, 1]]),
    configs: (_, name) => new Map(name === group ? Object.entries(values) : []),
  } satisfies Partial<MetadataImage> as unknown as MetadataImage;
}

function dynamic(config: BrokerConfig, values: Readonly<Record<string, string>>): void {
  config.setDynamic([{
    source: ConfigSource.DYNAMIC_BROKER,
    values: new Map(Object.entries(values)),
  }]);
}

Deno.test("a group has what it has set, within the broker's bounds; others the broker's", () => {
  const { config } = loadConfig({});
  const own = { "consumer.session.timeout.ms": "50000", "consumer.heartbeat.interval.ms": "1" };
  const groups = groupConfigOf(config, () => imageWith("billing", own));
  const { sessionTimeoutMs, heartbeatIntervalMs } = groups.consumer().settingsOf("billing");
  assertEquals([sessionTimeoutMs, heartbeatIntervalMs], [50_000, 5_000]);
  assertEquals(groups.consumer().settingsOf("audit").sessionTimeoutMs, 45_000);
});

Deno.test("what is changed counts from the next use on, also for who holds on to it", () => {
  const { config } = loadConfig({});
  const image = imageWith("", {});
  const groups = groupConfigOf(config, () => image);
  const [consumer, streams] = [groups.consumer(), groups.streams()];
  assertEquals([consumer.isEnabled, streams.isEnabled], [true, false]);
  assertEquals(streams.settingsOf("app").standbyReplicas, 0);
  dynamic(config, {
    "group.max.size": "7",
    "group.consumer.session.timeout.ms": "46000",
    "group.streams.num.standby.replicas": "1",
    "group.coordinator.rebalance.protocols": "classic",
  });
  assertEquals(groups.groupSizeMax, 7);
  assertEquals(consumer.settingsOf("audit").sessionTimeoutMs, 46_000);
  assertEquals(streams.settingsOf("app").standbyReplicas, 1);
  assertEquals(consumer.isEnabled, false);
});
