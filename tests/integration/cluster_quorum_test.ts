// DescribeQuorum of a cluster: who takes changes of the metadata, and who follows.

import { assert, assertEquals } from "@std/assert";
import { describeQuorum } from "../../src/client/admin/quorum.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

Deno.test("the quorum of a cluster is its controller, and the brokers that follow it", async () => {
  await simulatedCluster({ brokers: 3 }, async (scene) => {
    const { client, metadata, until, kill } = scene;
    const rolesOf = async () => {
      const { leader, nodes } = await describeQuorum(await client());
      assertEquals(leader, metadata.controllerId);
      // Whoever answers knows the leader's end, and its own.
      for (const { lag } of nodes) assert(lag === undefined || lag === 0);
      return nodes.map(({ id, role }) => `${id} ${role}`).sort();
    };
    await until(() => metadata.image.brokers().every(({ fenced }) => !fenced));
    assertEquals(metadata.controllerId, 1);
    assertEquals(await rolesOf(), ["1 leader", "2 observer", "3 observer"]);
    kill(1);
    await until(() => metadata.image.broker(1)!.fenced && metadata.controllerId === 2);
    assertEquals(await rolesOf(), ["2 leader", "3 observer"]);
  });
});
