// Questions about members of groups: joining, syncing, staying and leaving.

import { utf8 } from "../../../src/base/bytes.ts";
import {
  DescribeGroups,
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  type RequestInput,
  SyncGroup,
} from "../../../src/protocol/mod.ts";
import type { Scenario, Talk } from "../differential.ts";
import { groupOfOne, join, subscription, sync } from "./joining.ts";

const nobody = "nobody";

async function heartbeat(talk: Talk, o: Partial<RequestInput<typeof Heartbeat>>) {
  const asked = { groupId: talk.group, generationId: 1, memberId: "", ...o };
  return await talk.ask(Heartbeat, asked);
}

export const memberScenarios: readonly Scenario[] = [
  {
    about: FindCoordinator,
    name: "groups, and kinds that are not there",
    async run(talk) {
      const ask = async (key: string, keyType: number) => {
        const asked = talk.version >= 4 ? { coordinatorKeys: [key] } : { key };
        await talk.ask(FindCoordinator, { ...asked, ...(talk.version >= 1 ? { keyType } : {}) });
      };
      await ask(talk.group, 0);
      await ask("", 0);
      if (talk.version >= 1) await ask(talk.group, 9);
      if (talk.version >= 4) {
        await talk.ask(FindCoordinator, { keyType: 0, coordinatorKeys: ["a", "b", "a"] });
        await talk.ask(FindCoordinator, { keyType: 0, coordinatorKeys: [] });
      }
    },
  },
  {
    about: JoinGroup,
    name: "the first member, twice",
    async run(talk) {
      const { memberId } = await join(talk);
      await sync(talk, { memberId, assignments: [{ memberId, assignment: utf8("all") }] });
      await join(talk, { memberId });
      await join(talk, { memberId, protocols: [{ name: "sticky", metadata: utf8("x") }] });
    },
  },
  {
    about: JoinGroup,
    name: "what cannot be",
    async run(talk) {
      const empty = new Uint8Array(0);
      await join(talk, { groupId: "" });
      await join(talk, { sessionTimeoutMs: 1 });
      await join(talk, { sessionTimeoutMs: 99_999_999 });
      await join(talk, { memberId: nobody });
      await join(talk, { protocolType: "" });
      await join(talk, { protocols: [] });
      await join(talk, { protocols: [{ name: "", metadata: empty }], groupId: `${talk.group}-2` });
      await join(talk, { rebalanceTimeoutMs: -1, groupId: `${talk.group}-3` });
    },
  },
  {
    about: JoinGroup,
    name: "protocols that do not fit the group's",
    async run(talk) {
      await groupOfOne(talk);
      await join(talk, { protocolType: "connect" });
      await join(talk, { protocols: [{ name: "sticky", metadata: utf8("x") }] });
      await join(talk, { memberId: nobody });
    },
  },
  {
    about: JoinGroup,
    name: "two members",
    async run(talk) {
      const mine = { protocols: [{ name: "range", metadata: subscription("first") }] };
      const first = await groupOfOne(talk, mine);
      // Kafka reads what a consumer's protocol should be, and fails on what is none.
      const protocols = [{ name: "range", metadata: subscription("second") }];
      const second = join(talk, { line: "second", told: false, protocols });
      await talk.until(async () => {
        const { groups } = await talk.need(DescribeGroups, { groups: [talk.group] });
        return groups[0].groupState === "PreparingRebalance";
      });
      await heartbeat(talk, { memberId: first });
      const leader = await join(talk, { memberId: first, ...mine });
      const { memberId } = await second;
      const { generationId } = leader;
      const assignments = [
        { memberId: first, assignment: utf8("one") },
        { memberId, assignment: utf8("two") },
      ];
      const follower = sync(talk, { memberId, generationId, line: "second" });
      await sync(talk, { memberId: first, generationId, assignments });
      await follower;
      await heartbeat(talk, { memberId, generationId });
    },
  },
  {
    about: JoinGroup,
    name: "static members: replaced, fenced",
    versions: { min: 5 },
    async run(talk) {
      const o = { groupInstanceId: "one" };
      const first = await join(talk, o);
      const { generationId } = first;
      const assignments = [{ memberId: first.memberId, assignment: utf8("all") }];
      await sync(talk, { memberId: first.memberId, generationId, assignments, ...o });
      const second = await join(talk, o);
      await join(talk, { ...o, memberId: first.memberId });
      await join(talk, { ...o, memberId: nobody });
      await join(talk, { groupInstanceId: "two", memberId: nobody });
      await heartbeat(talk, { ...o, memberId: first.memberId, generationId });
      await heartbeat(talk, { ...o, memberId: second.memberId, generationId });
      await heartbeat(talk, { groupInstanceId: "two", memberId: second.memberId, generationId });
      await sync(talk, { ...o, memberId: first.memberId, generationId });
      await sync(talk, { ...o, memberId: second.memberId, generationId });
      await talk.ask(DescribeGroups, { groups: [talk.group] });
      await join(talk, {
        ...o,
        memberId: second.memberId,
        protocols: [{ name: "range", metadata: utf8("other") }],
      });
    },
  },
  {
    about: JoinGroup,
    name: "the instance id of nobody and of too many letters",
    versions: { min: 5 },
    async run(talk) {
      for (const [index, groupInstanceId] of ["", "a b", ".", "x".repeat(250)].entries()) {
        await join(talk, { groupInstanceId, groupId: `${talk.group}-${index}` });
      }
    },
  },
  {
    about: SyncGroup,
    name: "what cannot be",
    async run(talk) {
      await sync(talk, { memberId: nobody });
      await sync(talk, { groupId: "", memberId: nobody });
      const { memberId } = await join(talk, { told: false });
      await sync(talk, { memberId: nobody });
      await sync(talk, { memberId, generationId: 2 });
      await sync(talk, { memberId, generationId: 0 });
      await sync(talk, { memberId, generationId: -1 });
      await sync(talk, { memberId: "" });
      await sync(talk, { memberId, protocolType: "connect" });
      await sync(talk, { memberId, protocolName: "sticky" });
      await sync(talk, { memberId, protocolType: null, protocolName: null });
      await sync(talk, { memberId });
    },
  },
  {
    about: SyncGroup,
    name: "an assignment without its leader, and again",
    async run(talk) {
      const { memberId } = await join(talk, { told: false });
      await sync(talk, { memberId, assignments: [{ memberId: nobody, assignment: utf8("x") }] });
      await sync(talk, { memberId, assignments: [{ memberId, assignment: utf8("y") }] });
    },
  },
  {
    about: Heartbeat,
    name: "in each state, and what cannot be",
    async run(talk) {
      await heartbeat(talk, { memberId: nobody });
      await heartbeat(talk, { groupId: "" });
      const { memberId } = await join(talk, { told: false });
      await heartbeat(talk, { memberId });
      await heartbeat(talk, { memberId, generationId: 0 });
      await sync(talk, { memberId, told: false });
      await heartbeat(talk, { memberId });
      await heartbeat(talk, { memberId, generationId: 0 });
      await heartbeat(talk, { memberId, generationId: -1 });
      await heartbeat(talk, { memberId: nobody });
      await heartbeat(talk, { memberId: "" });
    },
  },
  {
    about: Heartbeat,
    name: "an instance id that is not known",
    versions: { min: 3 },
    async run(talk) {
      const memberId = await groupOfOne(talk);
      await heartbeat(talk, { memberId, groupInstanceId: "one" });
    },
  },
  {
    about: LeaveGroup,
    name: "one member, and nobody",
    versions: { max: 2 },
    async run(talk) {
      const leave = async (memberId: string, groupId = talk.group) => {
        await talk.ask(LeaveGroup, { groupId, memberId });
      };
      await leave(nobody);
      await leave(nobody, "");
      const memberId = await groupOfOne(talk);
      await leave(nobody);
      await leave("");
      await leave(memberId);
      await leave(memberId);
      await talk.ask(DescribeGroups, { groups: [talk.group] });
    },
  },
  {
    about: LeaveGroup,
    name: "several members",
    versions: { min: 3 },
    async run(talk) {
      type Leaving = RequestInput<typeof LeaveGroup>["members"];
      const leave = async (members: Leaving, groupId = talk.group) => {
        await talk.ask(LeaveGroup, { groupId, members });
      };
      await leave([{ memberId: nobody, groupInstanceId: null }]);
      await leave([{ memberId: nobody, groupInstanceId: "i" }], "");
      await leave([]);
      const o = { groupInstanceId: "one" };
      const { memberId, generationId } = await join(talk, { told: false, version: 5, ...o });
      await sync(talk, { memberId, generationId, ...o, told: false });
      await leave([]);
      await leave([
        { memberId: nobody, groupInstanceId: null },
        { memberId: nobody, groupInstanceId: "one" },
        { memberId: "", groupInstanceId: "two" },
        { memberId, groupInstanceId: "two" },
        { memberId: "", groupInstanceId: null },
      ]);
      await leave([{ memberId: "", groupInstanceId: "one" }]);
      await leave([{ memberId, groupInstanceId: "one" }]);
      await talk.ask(DescribeGroups, { groups: [talk.group] });
    },
  },
];
