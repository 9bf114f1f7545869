import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await goProgram("franz_go");

clientTests({
  client: "franz-go",
  connect: (broker) => ProcessDriver.start(program!, broker),
  absent,
});
