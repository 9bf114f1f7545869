import { pythonProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests } from "./suite.ts";

const { program, skip } = await pythonProgram("kafka_python_client");

clientTests({
  client: "kafka-python",
  connect: (broker) => ProcessDriver.start(program!, broker),
  skip,
});
