import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await goProgram("sarama");

clientTests({
  client: "sarama",
  connect: (broker) => ProcessDriver.start(program!, broker),
  absent,
});
