import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await pythonProgram("kafka_python_client");

clientTests({
  client: "kafka-python",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "it has no share consumer: of share groups protocol/api_key.py has but the keys",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because: "its KafkaConsumer has no group.protocol: coordinator/base.py sends JoinGroup alone",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
    {
      because: "its requests refuse a version above their own tables, and the broker serves those",
      scenarios: ["is told that a version is not supported, and can go on"],
    },
  ],
  absent,
});
