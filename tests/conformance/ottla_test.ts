// Our own client, held to what real clients must manage: against Ottla as against Apache Kafka.

import { OttlaDriver } from "./clients/javascript/ottla.ts";
import { clientTests } from "./suite.ts";

clientTests({
  client: "Ottla's own",
  connect: ({ bootstrap }, way) => OttlaDriver.connect({ bootstrap, way }),
  lacks: [
    {
      because: "it speaks the newest version that both sides know; no option says less",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
        "is told that a version is not supported, and can go on",
      ],
    },
  ],
});
