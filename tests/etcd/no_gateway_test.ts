// An etcd that was set up by a configuration file has no gateway for HTTP unless the file says so:
// who starts a broker is told that, and not that something could not be parsed.

import { assertMatch, assertRejects } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { EtcdClient } from "../../src/etcd/mod.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { serveSimulatedHttp } from "../../src/runtime/simulated_http.ts";

const answers: readonly [status: number, body: string, told: RegExp][] = [
  [404, "404 page not found\n", /HTTP 404 and no JSON: etcd's gRPC gateway is off there/],
  [502, "<html>Bad Gateway</html>", /HTTP 502 and no JSON: does etcd listen there\?/],
];

for (const [status, body, told] of answers) {
  Deno.test(`who asks an etcd and hears HTTP ${status} is told what to look at`, async () => {
    const world = simulate(1);
    await world.drive((async () => {
      const { network } = world.start("etcd");
      await serveSimulatedHttp(network, { host: "0.0.0.0", port: 2379 }, () => ({ status, body }));
      const { http, clock, timers, random, logger } = world.start("broker");
      const client = new EtcdClient({
        endpoints: ["http://10.0.0.1:2379"],
        http: http.client({}),
        clock,
        timers,
        random,
        logger: logger({ level: "info", format: "text" }),
      });
      const fault = await assertRejects(() => client.read("/v3/kv/range", "{}"), PlatformFault);
      assertMatch(fault.message, told);
      client.close();
    })());
  });
}
