import { rustProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await rustProgram("rskafka_client");

clientTests({
  client: "rskafka",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "it has no transactional producer",
      scenarios: [
        "commits transactions and aborts one, and reads what was committed",
        "is told that another producer has taken its transactional id",
        "sends records on together with its place in a group, or neither",
      ],
    },
    {
      because: "it has no consumer groups, as its README says",
      scenarios: [
        "shares a topic in a group of three, one leaving and one joining",
        "shares a topic as the broker has it (KIP-848), one leaving and one joining",
        "commits, and resumes where its group left off",
        "finds its records and its place after the broker was stopped and came back",
        "finds its records and its place after the broker was killed and came back",
        "takes over from a member that was killed",
        "comes back as a static member, and nothing is rebalanced",
        "commits with metadata and reads it back",
        "lists, describes and deletes a group",
        "works a topic off in a share group (KIP-932): accepts, releases, rejects",
      ],
    },
    {
      because: "its ControllerClient creates and deletes topics, and knows no configurations",
      scenarios: [
        "creates a topic with configurations and reads them",
        "alters a topic's configuration",
      ],
    },
    {
      because: "its Record keeps headers in a BTreeMap: sorted, each name once",
      scenarios: ["keeps headers that are empty, repeated and in order"],
    },
    {
      because: "it has no idempotent producer",
      scenarios: ["sends as an idempotent producer"],
    },
    {
      because: "ClientBuilder has no option for versions: it takes the newest of both sides",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
        "is told that a version is not supported, and can go on",
      ],
    },
  ],
  absent,
});
