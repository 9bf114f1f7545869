import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, skip } = await pythonProgram("confluent_kafka_client");

clientTests({
  client: "confluent-kafka-python",
  connect: (broker) => ProcessDriver.start(program!, broker),
  lacks: [
    {
      because: "its librdkafka asks for versions even with api.version.request=false",
      scenarios: ["sends and reads as with Kafka 0.11", "sends and reads as with Kafka 0.10"],
    },
  ],
  skip,
});
