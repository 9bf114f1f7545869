// Apache Kafka's own producer, consumer and admin client in a program of ours (clients/java/); its
// console tools have java_test.ts.

import { javaProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, skip } = await javaProgram();

clientTests({
  client: "Java",
  connect: (broker) => ProcessDriver.start(program!, broker),
  lacks: [
    {
      because: "it cannot be told which versions to speak; older releases of it are tested apart",
      scenarios: ["sends and reads as with Kafka 0.11", "sends and reads as with Kafka 0.10"],
    },
  ],
  skip,
});
