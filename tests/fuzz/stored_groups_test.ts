// Whatever stands in __consumer_offsets and decodes is loaded: no member's timeout, state or time,
// however large, keeps the partition's other groups from having a coordinator.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { groupConfigDefaults } from "../../src/coordinator/mod.ts";
import { GroupMetadataValue } from "../../src/coordinator/groups/classic/records.ts";
import { OffsetCommitValue } from "../../src/coordinator/groups/offsets/records.ts";
import { encodeKey, encodeValue } from "../../src/coordinator/groups/record_kinds.ts";
import { GroupShell } from "../harness/group_shell.ts";
import { anyMessage } from "./decode_messages.ts";

const anyGroup = anyMessage(GroupMetadataValue.fields, 4);
const anyOffset = anyMessage(OffsetCommitValue.fields, 1);

Deno.test("any group and offset that decodes is loaded, and lives on", () => {
  const property = fc.property(
    fc.array(fc.tuple(anyGroup, anyOffset), { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 2 ** 45 }),
    (stored, nowMs) => {
      const shell = new GroupShell(() => groupConfigDefaults);
      for (const [i, [group, offset]] of stored.entries()) {
        const key = { group: `g${i}`, topic: "t", partition: 0 };
        const commit = { type: "OffsetCommit", key, value: offset } as never;
        const metadata = { type: "GroupMetadata", key, value: group } as never;
        shell.log.push({ key: encodeKey(commit), value: encodeValue(commit, 1) });
        shell.log.push({ key: encodeKey(metadata), value: encodeValue(metadata, 4) });
      }
      shell.nowMs = nowMs;
      shell.restart();
      const listed = shell.table.list({ statesFilter: [], typesFilter: [] });
      assertEquals(listed.length, stored.length);
      for (let hours = 1; hours < 1000; hours *= 3) {
        shell.carryOut(shell.table.onTick(nowMs + hours * 3_600_000));
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});

Deno.test("behind the last generation that there is comes the first", () => {
  const shell = new GroupShell(() => groupConfigDefaults);
  const member = {
    memberId: "m",
    groupInstanceId: null,
    clientId: "c",
    clientHost: "/h",
    rebalanceTimeout: 1000,
    sessionTimeout: 1000,
    subscription: new Uint8Array(),
    assignment: new Uint8Array(),
  };
  const value = {
    protocolType: "consumer",
    generation: 2 ** 31 - 1,
    protocol: "range",
    leader: "m",
    currentStateTimestamp: 1,
    members: [member],
  };
  const metadata = { type: "GroupMetadata", key: { group: "g" }, value } as never;
  shell.log.push({ key: encodeKey(metadata), value: encodeValue(metadata, 4) });
  shell.nowMs = 1;
  shell.restart();
  shell.carryOut(shell.table.onTick(10_000));
  const listed = shell.table.list({ statesFilter: [], typesFilter: [] });
  assertEquals(listed.map(({ groupId, groupState }) => [groupId, groupState]), [["g", "Empty"]]);
});
