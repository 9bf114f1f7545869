// Our own client, held to what real clients must manage: against Ottla as against Apache Kafka, of
// the newest release or of 3.9 (OTTLA_TARGET=kafka OTTLA_KAFKA=3.9).

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
    ...Deno.env.get("OTTLA_KAFKA") !== "3.9" ? [] : [{
      because: "Kafka 3.9 has no share groups, and KIP-848 as a preview that is off",
      scenarios: [
        "shares a topic as the broker has it (KIP-848), one leaving and one joining",
        "works a topic off in a share group (KIP-932): accepts, releases, rejects",
      ],
    }],
  ],
});
