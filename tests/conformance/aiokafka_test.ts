import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await pythonProgram("aiokafka_client");

clientTests({
  client: "aiokafka",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "it has no share consumer: its protocol has no ShareGroupHeartbeat",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because:
        "its consumer has no group.protocol: consumer/group_coordinator.py sends JoinGroup alone",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
    {
      because: "its api_version is deprecated and without effect since 0.13",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
  ],
  absent,
});
