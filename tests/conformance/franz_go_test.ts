import { goProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, absent } = await goProgram("franz_go");

clientTests({
  client: "franz-go",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  absent,
});
