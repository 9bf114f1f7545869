// A broker that waits for an etcd which is not there is stopped like any other: at once, and well.

import { assertEquals } from "@std/assert";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { targetsHere } from "../harness/targets.ts";

for (const target of await targetsHere()) {
  Deno.test(`a broker that waits for its etcd ends when it is stopped [${target}]`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "late-etcd-" });
    try {
      const cluster = ["--cluster", "etcd://127.0.0.1:1/main", "--node-id", "1"];
      const where = ["--host", "127.0.0.1", "--port", "0", "--data-dir", `${folder}/data`];
      const long = ["--set", "initial.broker.registration.timeout.ms=3600000"];
      await using program = await OttlaProgram.run({
        target,
        args: [...cluster, ...where, ...long],
      });
      await program.said("etcd does not answer yet, and is waited for");
      const { code } = await program.stop();
      assertEquals(code, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
