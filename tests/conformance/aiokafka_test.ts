import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, skip } = await pythonProgram("aiokafka_client");

clientTests({
  client: "aiokafka",
  connect: (broker) => ProcessDriver.start(program!, broker),
  lacks: [
    {
      because: "AIOKafkaAdminClient has no method that deletes a group",
      scenarios: [
        "lists, describes and deletes a group",
      ],
    },
  ],
  skip,
});
