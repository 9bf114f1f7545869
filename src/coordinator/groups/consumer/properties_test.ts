// Random members, topics, time, refused appends and restarts against a consumer group, and what
// must hold whatever they do.
//
//   one owner       a partition is one member's, and asserted so after every step
//   epochs grow     group, assignment and member epochs never go back but to begin anew
//   the log knows   replaying it gives the same group, also after refused appends
//   convergence     members that do as they are told come to Stable, with every partition assigned

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ErrorCode } from "../../../protocol/errors.ts";
import type {
  ConsumerGroupHeartbeatResponse,
} from "../../../protocol/apis/68_consumer_group_heartbeat.ts";
import { GroupShell } from "../../../../tests/harness/group_shell.ts";
import {
  live,
  mishaps,
  pass,
  passing,
  type Step,
  topicSteps,
} from "../../../../tests/harness/random_groups.ts";
import { firstOf } from "../../../base/items.ts";
import { groupConfigDefaults } from "../../mod.ts";

const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 200);
const groupId = "g";
const settings = {
  sessionTimeoutMs: 20_000,
  heartbeatIntervalMs: 1_000,
  assignmentIntervalMs: 500,
};
const consumer = { ...groupConfigDefaults.consumer(), settingsOf: () => settings };
const config = { ...groupConfigDefaults, consumer: () => consumer };

interface Owned {
  readonly topicId: string;
  readonly partitions: number[];
}

/** A client that does as it is told, at once or later: what it has to give up it may hold on to. */
interface Client {
  readonly memberId: string;
  epoch: number;
  owned: Owned[];
  topics: string[];
  regex: string | null;
}

class World {
  readonly shell = new GroupShell(() => config);
  readonly clients = new Map<string, Client>();
  groupEpoch = 0;

  constructor() {
    this.shell.topics.set("t", 4);
  }

  beat(client: Client, change: { epoch?: number; lose?: boolean; slow?: boolean } = {}): ErrorCode {
    const memberEpoch = change.epoch ?? client.epoch;
    const joins = memberEpoch === 0;
    const request = {
      groupId,
      memberId: client.memberId,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 5_000,
      subscribedTopicNames: client.topics,
      subscribedTopicRegex: client.regex,
      serverAssignor: null,
      topicPartitions: joins ? [] : client.owned,
    };
    const input = { request, apiVersion: 1, clientId: "c", clientHost: "/192.0.2.1", uuid: "" };
    const at = this.shell.at<ConsumerGroupHeartbeatResponse>();
    const { answers } = this.shell.carryOut(this.shell.table.consumerHeartbeat(input, at));
    assertEquals(answers.length, 1, "a heartbeat has one answer");
    const response = firstOf(answers).response as ConsumerGroupHeartbeatResponse;
    if (!change.lose) this.#take(client, response, change.slow === true);
    return response.errorCode;
  }

  #take(
    client: Client,
    { errorCode, memberEpoch, assignment }: ConsumerGroupHeartbeatResponse,
    slow: boolean,
  ) {
    if (errorCode === ErrorCode.NONE) {
      assert(memberEpoch >= client.epoch, "a member's epoch went back");
      client.epoch = memberEpoch;
      if (assignment === null) return;
      const { topicPartitions } = assignment;
      client.owned = slow ? union(client.owned, topicPartitions) : topicPartitions;
    } else if (errorCode !== ErrorCode.UNKNOWN_SERVER_ERROR) {
      client.epoch = 0;
      client.owned = [];
    }
  }

  check(): void {
    const { shell } = this;
    shell.table.assertConsistent();
    const now = shell.table.describeConsumer(groupId);
    assertEquals(sorted(shell.replay().describeConsumer(groupId)), sorted(now));
    if (now.errorCode !== ErrorCode.NONE) return void (this.groupEpoch = 0);
    assert(now.groupEpoch >= this.groupEpoch, "the group's epoch went back");
    this.groupEpoch = now.groupEpoch;
    // Of two members, neither works on what the other works on, or has not let go of.
    const held = new Set<string>();
    for (const { memberId, epoch, owned } of this.clients.values()) {
      const known = now.members.find((each) => each.memberId === memberId);
      if (known === undefined || epoch === 0) continue;
      for (const { topicId, partitions } of owned) {
        for (const partition of partitions) {
          const name = `${topicId}-${partition}`;
          assert(!held.has(name), `${name} is held by two`);
          held.add(name);
        }
      }
    }
  }
}

function union(a: readonly Owned[], b: readonly Owned[]): Owned[] {
  const topics = new Map<string, Set<number>>();
  for (const { topicId, partitions } of [...a, ...b]) {
    const all = topics.get(topicId) ?? new Set();
    for (const partition of partitions) all.add(partition);
    topics.set(topicId, all);
  }
  return [...topics].map(([topicId, all]) => ({ topicId, partitions: [...all] }));
}

/** In one order whatever the order of the records. */
function sorted(described: ReturnType<GroupShell["table"]["describeConsumer"]>) {
  const members = [...described.members].sort((a, b) => a.memberId < b.memberId ? -1 : 1);
  const inOrder = <T extends { topicName: string }>(topics: readonly T[]) =>
    [...topics].sort((a, b) => a.topicName < b.topicName ? -1 : 1);
  return {
    ...described,
    members: members.map((member) => ({
      ...member,
      assignment: inOrder(member.assignment.topicPartitions),
      targetAssignment: inOrder(member.targetAssignment.topicPartitions),
    })),
  };
}

const who = fc.constantFrom("a", "b", "c", "d");

function clientOf(world: World, memberId: string): Client {
  let client = world.clients.get(memberId);
  if (client === undefined) {
    client = { memberId, epoch: 0, owned: [], topics: ["t"], regex: null };
    world.clients.set(memberId, client);
  }
  return client;
}

const beat = fc.record({
  memberId: who,
  lose: fc.constantFrom(false, false, false, true),
  slow: fc.boolean(),
  shift: fc.constantFrom(0, 0, 0, 0, 1, -1),
}).map(({ memberId, lose, slow, shift }): Step<World> => (world) => {
  const client = clientOf(world, memberId);
  const epoch = client.epoch === 0 ? 0 : Math.max(1, client.epoch + shift);
  world.beat(client, { epoch, slow, lose: lose || shift !== 0 });
});
const leave = who.map((memberId): Step<World> => (world) => {
  const client = clientOf(world, memberId);
  world.beat(client, { epoch: -1, lose: true });
  client.epoch = 0;
  client.owned = [];
});
const subscribe = fc.record({
  memberId: who,
  topics: fc.constantFrom(["t"], ["u"], ["t", "u"], []),
  regex: fc.constantFrom(null, "", "[tv]"),
}).map(({ memberId, topics, regex }): Step<World> => (world) => {
  const client = clientOf(world, memberId);
  Object.assign(client, { topics, regex });
});
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: beat },
    { weight: 1, arbitrary: leave },
    { weight: 2, arbitrary: subscribe },
    { weight: 2, arbitrary: topicSteps("t", "u", "v") },
    { weight: 4, arbitrary: passing },
    { weight: 1, arbitrary: mishaps },
  ),
  { maxLength: 120, size: "max" },
);

Deno.test("a partition of a consumer group has one owner, and the log tells the group", () => {
  let mostEpochs = 0;
  fc.assert(
    fc.property(steps, (all) => {
      mostEpochs = Math.max(mostEpochs, live(new World(), all).groupEpoch);
    }),
    { numRuns: runs },
  );
  assert(mostEpochs > 5, "the steps got nowhere");
});

Deno.test("members that do as they are told come to have every partition", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const world = live(new World(), all);
      world.shell.refuseNext = ErrorCode.NONE;
      const client = clientOf(world, "a");
      world.shell.topics.set("t", 6);
      for (const each of world.clients.values()) Object.assign(each, { topics: ["t"], regex: "" });
      for (let round = 0; round < 40; round++) {
        for (const each of world.clients.values()) world.beat(each);
        world.check();
        pass(world.shell, 1_000);
      }
      assert(client.epoch > 0);
      const group = world.shell.table.describeConsumer(groupId);
      assertEquals(group.groupState, "Stable");
      const held = [...world.clients.values()].flatMap(({ owned }) =>
        owned.flatMap(({ partitions }) => partitions)
      );
      assertEquals(held.sort((a, b) => a - b), [0, 1, 2, 3, 4, 5]);
    }),
    { numRuns: runs },
  );
});
