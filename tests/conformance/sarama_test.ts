import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await goProgram("sarama");

clientTests({
  client: "sarama",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "it has no share consumer: its protocol ends before ShareGroupHeartbeat",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because: "its Config.Consumer.Group has no group.protocol: it sends JoinGroup alone",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
  ],
  absent,
});
