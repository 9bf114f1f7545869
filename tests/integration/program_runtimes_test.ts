// The program from source, as it is started on each runtime: it serves, and its command line talks.

import { assertEquals } from "@std/assert";
import { CommandLine } from "../harness/command_line.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { targetsWithNode } from "../harness/targets.ts";

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
