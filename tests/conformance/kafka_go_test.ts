import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await goProgram("kafka_go");

clientTests({
  client: "segmentio/kafka-go",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "it has no share consumer: its protocol package has no ShareGroupHeartbeat",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because:
        "its ReaderConfig has no group.protocol, its protocol package no ConsumerGroupHeartbeat",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
    {
      because: "its Client.Produce has a transactional id, and no field for a producer id",
      scenarios: [
        "commits transactions and aborts one, and reads what was committed",
        "is told that another producer has taken its transactional id",
        "sends records on together with its place in a group, or neither",
      ],
    },
    {
      because: "neither its Writer nor its Client.Produce has a field for a producer id",
      scenarios: [
        "sends as an idempotent producer",
      ],
    },
    {
      because: "its packages of SASL are plain, scram and aws_msk_iam_v2: none is for tokens",
      scenarios: ["sends and reads behind TLS, logged in by a signed token (OAUTHBEARER)"],
    },
    {
      because: "its members, of ConsumerGroupConfig and ReaderConfig, have no group instance id",
      scenarios: [
        "comes back as a static member, and nothing is rebalanced",
      ],
    },
    {
      because: "its Writer and Reader take the newest version of both sides; no field says less",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
  ],
  absent,
});
