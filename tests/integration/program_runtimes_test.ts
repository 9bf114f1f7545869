// The program from source, as it is started on each runtime: it serves, and its command line talks.

import { assertEquals } from "@std/assert";
import { CommandLine } from "../harness/command_line.ts";
import { within } from "../harness/deadline.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand, targetsWithNode } from "../harness/targets.ts";

for (const target of await targetsWithNode()) {
  Deno.test(`the program serves and consumes from source on ${target}`, async () => {
    const args = ["--host", "127.0.0.1", "--port", "0", "--ephemeral"];
    await using program = await OttlaProgram.run({ target, args });
    const { host, port } = await program.ready();
    const ottla = new CommandLine({ target, bootstrap: `${host}:${port}` });
    await ottla.out("topics create orders --partitions 1");
    await ottla.out("produce orders --key-separator :", "7:paid\n8:open\n");
    assertEquals(
      await ottla.out("consume orders --from earliest --until latest --keys"),
      "7\tpaid\n8\topen\n",
    );
    const { code } = await program.stop();
    assertEquals(code, 0);
  });
}

/** Has all that follows read by `head -n 1`, which leaves with its line. */
const headOfIt = '"$@" | head -n 1';

for (const target of await targetsWithNode()) {
  Deno.test(`who waits for records ends with its reader on ${target}`, async (t) => {
    const args = ["--host", "127.0.0.1", "--port", "0", "--ephemeral"];
    await using program = await OttlaProgram.run({ target, args });
    const { host, port } = await program.ready();
    const bootstrap = `${host}:${port}`;
    const ottla = new CommandLine({ target, bootstrap });
    await ottla.out("topics create orders --partitions 1");
    const earliest = "--set share.auto.offset.reset=earliest";
    await ottla.out(`configs alter --group workers ${earliest}`);
    await ottla.out("produce orders", "paid\nopen\n");
    const ways = ["--from-beginning", "--from-beginning --group billing", "--share-group workers"];
    for (const way of ways) {
      await t.step(way, async () => {
        const words = `consume orders ${way} --timeout-ms 40000`.split(" ");
        const pipeline = new ProcessLines({
          command: "sh",
          args: ["-c", headOfIt, "sh", ...await ottlaCommand(target), ...words],
          env: { OTTLA_BOOTSTRAP: bootstrap },
        });
        const { stdout, stderr } = await within(pipeline.finished, {
          ms: 60_000,
          what: () => `the end of consume ${way}\n${pipeline.output}`,
        });
        assertEquals(stdout, "paid\n");
        // It is no failure, and what was read beyond that is nobody's business.
        assertEquals(stderr.replace("Waiting for records of orders.\n", ""), "");
      });
    }
  });
}
