// What @platformatic/kafka shares with every client, and what its own API has more
// (clients/javascript/platformatic.ts tells its habits).

import { assert, assertEquals } from "@std/assert";
import { PlatformaticDriver } from "./clients/javascript/platformatic.ts";
import { startOfLog } from "./driver.ts";
import { sampleRecords, uniqueName } from "./scenarios/samples.ts";
import { clientTests, conformanceTest } from "./suite.ts";

const session = clientTests({
  client: "@platformatic/kafka",
  connect: ({ bootstrap }, way) => new PlatformaticDriver({ bootstrap, way }),
  lacks: [
    {
      because:
        "its Consumer is one of a consumer group: of share groups it has but the keys of requests",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because: "its beginTransaction says that it is producer 0 of epoch 0, which takes over no id",
      scenarios: ["is told that another producer has taken its transactional id"],
    },
    {
      because:
        "its Producer and Consumer take the newest version of both sides; no option says less",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
  ],
});

function platformatic(): PlatformaticDriver {
  return session.driver as PlatformaticDriver;
}

conformanceTest({ name: "@platformatic/kafka adds partitions and deletes the topic" }, async () => {
  const { admin } = platformatic();
  const topic = uniqueName("growing");
  await platformatic().createTopic(topic, { partitions: 2, configs: {} });
  await admin.createPartitions({ topics: [{ name: topic, count: 5 }] });
  assertEquals(await platformatic().describeTopic(topic), 5);
  await admin.deleteTopics({ topics: [topic] });
  assert(!(await platformatic().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "@platformatic/kafka deletes records below an offset" }, async () => {
  const { admin } = platformatic();
  const topic = uniqueName("trimmed");
  await platformatic().createTopic(topic, { partitions: 1, configs: {} });
  await platformatic().produce(topic, sampleRecords(20), {});
  const partitions = [{ partition: 0, offset: 12n }];
  await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
  const starts = { partitions: 1, timestamp: startOfLog };
  assertEquals(await platformatic().offsets(topic, starts), [12]);
});
