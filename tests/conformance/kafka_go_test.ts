import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, skip } = await goProgram("kafka_go");

clientTests({
  client: "segmentio/kafka-go",
  connect: (broker) => ProcessDriver.start(program!, broker),
  lacks: [
    {
      because: "its Writer has no idempotence: no field of it asks for a producer id",
      scenarios: [
        "sends as an idempotent producer",
      ],
    },
    {
      because: "its Reader makes nil of what is empty: readNewBytes(0) is nil, as is null",
      scenarios: [
        "tells null from empty, in keys and in values",
      ],
    },
    {
      because: "ConsumerGroupConfig and ReaderConfig have no group instance id",
      scenarios: [
        "comes back as a static member, and nothing is rebalanced",
      ],
    },
    {
      because: "it cannot be told which versions to speak",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
      ],
    },
  ],
  skip,
});
