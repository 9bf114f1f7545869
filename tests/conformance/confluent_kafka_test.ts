import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await pythonProgram("confluent_kafka_client");

clientTests({
  client: "confluent-kafka-python",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because:
        "its librdkafka asks for versions unless broker.version.fallback is below 0.10, and " +
        "then cannot read Metadata v0 (its log: tmpabuf memory shortage)",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
    {
      because: "its librdkafka takes the newest version of both sides: no option names a version",
      scenarios: ["is told that a version is not supported, and can go on"],
    },
  ],
  absent,
});
