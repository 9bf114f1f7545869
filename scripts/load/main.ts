// `deno task load`: much of one kind against a broker of its own, measured.
//
//   deno task load idle       5,000 groups of 2 at rest: heartbeats, CPU, memory
//   deno task load changing   200 members over 400 partitions, of which 50 leave and 50 come
//   deno task load access     produce to 1,000 topics with 10,000 access rules, and with none
//   deno task load transform  100,000 records through transactions of kafkajs, exact sums
//
//     [--records 100000] [--protocol classic|consumer] [--groups 5000] [--members 2] [--seconds 30]

import { measureAccess } from "./access.ts";
import { measureChangingGroup } from "./changing_group.ts";
import { heartbeatsMs, measureIdleGroups } from "./idle_groups.ts";
import type { Protocol } from "../../tests/harness/group_member.ts";
import { runTransform } from "./transform.ts";
import { taskFlags } from "../task_flags.ts";

const flags = taskFlags(Deno.args, {
  string: ["protocol", "groups", "members", "seconds", "records"],
});
const protocols = (["classic", "consumer"] as const).filter((each) =>
  flags.protocol === undefined || each === flags.protocol
);

async function idle(protocol: Protocol): Promise<void> {
  const { groups = "5000", members = "2", seconds = "30" } = flags;
  await measureIdleGroups({
    groups: Number(groups),
    members: Number(members),
    seconds: Number(seconds),
    protocol,
  });
}

async function changing(protocol: Protocol): Promise<void> {
  const group = { members: 200, partitions: 400, changing: 50, protocol };
  await measureChangingGroup({ ...group, heartbeatMs: heartbeatsMs[protocol] });
}

async function ofEach(measure: (protocol: Protocol) => Promise<void>): Promise<void> {
  for (const protocol of protocols) await measure(protocol);
}

const loads: Readonly<Record<string, () => Promise<void>>> = {
  idle: () => ofEach(idle),
  changing: () => ofEach(changing),
  access: () =>
    measureAccess({ topics: 1_000, rules: 10_000, rounds: 6, connections: 8, seconds: 3 }),
  transform: () => runTransform({ records: Number(flags.records ?? "100000") }),
};
const [name = ""] = flags._.map(String);
const load = loads[name]!;
if (load === undefined) {
  console.error(`deno task load needs one of: ${Object.keys(loads).join(", ")}`);
  Deno.exit(2);
}
await load();
