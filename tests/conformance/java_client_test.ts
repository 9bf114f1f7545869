// Apache Kafka's own producer, consumer and admin client in a program of ours (clients/java/); its
// console tools have java_test.ts.

import { javaProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await javaProgram();

clientTests({
  client: "Java",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because:
        "its producer and consumer have no option for versions; older releases are tested apart",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
    {
      because:
        "its requests themselves (AbstractRequest) refuse a version above their own tables, " +
        "and the broker serves those",
      scenarios: ["is told that a version is not supported, and can go on"],
    },
  ],
  absent,
});
