// Random members, processes, topics, time, refused appends and restarts against a streams group,
// and what must hold whatever they do.
//
//   one active      a task is active in one member, and so nobody works on what another still does
//   one folder      a process has a task in one member and one role: its state is in one place
//   epochs grow     group, assignment and member epochs never go back but to begin anew
//   the log knows   replaying it gives the same group, also after refused appends
//   convergence     members that do as they are told come to Stable, with every task active once

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ErrorCode } from "../../../protocol/errors.ts";
import { GroupShell } from "../../../../tests/harness/group_shell.ts";
import {
  live,
  mishaps,
  pass,
  passing,
  type Step,
  topicSteps,
} from "../../../../tests/harness/random_groups.ts";
import { streamsRequest, topologies } from "../../../../tests/harness/streams_script.ts";
import { groupConfigDefaults, type StreamsHeartbeatResult } from "../../mod.ts";

const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 200);
const groupId = "g";
let standbyReplicas = 0;
const streams = {
  ...groupConfigDefaults.streams(),
  settingsOf: () => ({
    sessionTimeoutMs: 20_000,
    heartbeatIntervalMs: 1_000,
    assignmentIntervalMs: 500,
    initialRebalanceDelayMs: 1_000,
    standbyReplicas,
  }),
};
const config = { ...groupConfigDefaults, streams: () => streams };
const topology = { epoch: 0, subtopologies: [...topologies.count ?? []] };

/** Task names by role. */
type Held = { readonly active: Set<string>; readonly standby: Set<string> };

/** A client that does as it is told, at once or later: what it has to give up it may hold on to. */
interface Client {
  readonly memberId: string;
  readonly processId: string;
  epoch: number;
  held: Held;
}

const nothing = (): Held => ({ active: new Set(), standby: new Set() });

interface Tasks {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

function namesOf(tasks: readonly Tasks[]): Set<string> {
  return new Set(
    tasks.flatMap(({ subtopologyId, partitions }) =>
      partitions.map((partition) => `${subtopologyId}_${partition}`)
    ),
  );
}

function idsOf(names: ReadonlySet<string>) {
  return [...names].map((name) => {
    const [subtopologyId = "", partition] = name.split("_");
    return { subtopologyId, partitions: [Number(partition)] };
  });
}

class World {
  readonly shell = new GroupShell(() => config);
  readonly clients = new Map<string, Client>();
  groupEpoch = 0;

  constructor() {
    standbyReplicas = 0;
    this.shell.topics.set("t", 4);
  }

  beat(
    client: Client,
    change: { epoch?: number; lose?: boolean; slow?: boolean; makes?: boolean } = {},
  ): ErrorCode {
    const memberEpoch = change.epoch ?? client.epoch;
    const joins = memberEpoch === 0;
    const held = joins ? nothing() : client.held;
    const request = streamsRequest({
      groupId,
      memberId: client.memberId,
      memberEpoch,
      rebalanceTimeoutMs: 5_000,
      topology: joins ? topology : null,
      activeTasks: idsOf(held.active),
      standbyTasks: idsOf(held.standby),
      warmupTasks: [],
      processId: client.processId,
    });
    const at = this.shell.at<StreamsHeartbeatResult>();
    const input = { request, clientId: "c", clientHost: "/192.0.2.1" };
    const { answers } = this.shell.carryOut(this.shell.table.streamsHeartbeat(input, at));
    assertEquals(answers.length, 1, "a heartbeat has one answer");
    const result = answers[0]?.response as StreamsHeartbeatResult;
    for (const { name, partitionCount } of change.makes === false ? [] : result.missing) {
      if (this.shell.topics.byName(name) === undefined) {
        this.shell.topics.set(name, partitionCount);
      }
    }
    if (!change.lose) this.#take(client, result.heartbeat, change.slow === true);
    return result.heartbeat.errorCode;
  }

  #take(client: Client, heartbeat: StreamsHeartbeatResult["heartbeat"], slow: boolean) {
    const { errorCode, memberEpoch, activeTasks, standbyTasks } = heartbeat;
    if (errorCode === ErrorCode.NONE) {
      assert(memberEpoch >= client.epoch, "a member's epoch went back");
      client.epoch = memberEpoch;
      if (activeTasks === null || standbyTasks === null) return;
      const told = { active: namesOf(activeTasks), standby: namesOf(standbyTasks) };
      const { active, standby } = slow ? client.held : nothing();
      client.held = {
        active: new Set([...active, ...told.active]),
        standby: new Set([...standby, ...told.standby]),
      };
    } else if (errorCode !== ErrorCode.UNKNOWN_SERVER_ERROR) {
      client.epoch = 0;
      client.held = nothing();
    }
  }

  check(): void {
    const { shell } = this;
    shell.table.assertConsistent();
    const now = shell.table.describeStreams(groupId);
    assertEquals(sorted(shell.replay().describeStreams(groupId)), sorted(now));
    if (now.errorCode !== ErrorCode.NONE) return void (this.groupEpoch = 0);
    assert(now.groupEpoch >= this.groupEpoch, "the group's epoch went back");
    this.groupEpoch = now.groupEpoch;
    const active = new Set<string>();
    const inProcess = new Set<string>();
    const claim = (into: Set<string>, name: string): void => {
      assert(!into.has(name), `${name} is held by two`);
      into.add(name);
    };
    for (const { memberId, processId, epoch, held } of this.clients.values()) {
      // Of one that is out nothing counts any more: it cannot commit.
      if (epoch === 0 || !now.members.some((each) => each.memberId === memberId)) continue;
      for (const name of held.active) {
        claim(active, name);
        claim(inProcess, `${processId} ${name}`);
      }
      for (const name of held.standby) claim(inProcess, `${processId} ${name}`);
    }
  }
}

/** In one order whatever the order of the records. */
function sorted({ members, ...group }: ReturnType<GroupShell["table"]["describeStreams"]>) {
  return { ...group, members: [...members].sort((a, b) => a.memberId < b.memberId ? -1 : 1) };
}

const processes: Readonly<Record<string, string>> = { a: "p", b: "p", c: "q", d: "r" };
const who = fc.constantFrom("a", "b", "c", "d");

function clientOf(world: World, memberId: string): Client {
  let client = world.clients.get(memberId);
  if (client === undefined) {
    const processId = processes[memberId] ?? "";
    client = { memberId, processId, epoch: 0, held: nothing() };
    world.clients.set(memberId, client);
  }
  return client;
}

const beat = fc.record({
  memberId: who,
  lose: fc.constantFrom(false, false, false, true),
  slow: fc.boolean(),
  makes: fc.boolean(),
  shift: fc.constantFrom(0, 0, 0, 0, 1, -1),
}).map(({ memberId, lose, slow, makes, shift }): Step<World> => (world) => {
  const client = clientOf(world, memberId);
  const epoch = client.epoch === 0 ? 0 : Math.max(1, client.epoch + shift);
  world.beat(client, { epoch, slow, makes, lose: lose || shift !== 0 });
});
const leave = who.map((memberId): Step<World> => (world) => {
  const client = clientOf(world, memberId);
  world.beat(client, { epoch: -1, lose: true });
  client.epoch = 0;
  client.held = nothing();
});
const standbys = fc.nat({ max: 2 }).map((count): Step<World> => () => {
  standbyReplicas = count;
});

const steps = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: beat },
    { weight: 1, arbitrary: leave },
    { weight: 1, arbitrary: topicSteps("t", "r", "c") },
    { weight: 1, arbitrary: standbys },
    { weight: 4, arbitrary: passing },
    { weight: 1, arbitrary: mishaps },
  ),
  { maxLength: 120, size: "max" },
);

Deno.test("a task of a streams group is active in one member, and the log tells the group", () => {
  let mostEpochs = 0;
  fc.assert(
    fc.property(steps, (all) => {
      mostEpochs = Math.max(mostEpochs, live(new World(), all).groupEpoch);
    }),
    { numRuns: runs },
  );
  assert(mostEpochs > 5, "the steps got nowhere");
});

Deno.test("members that do as they are told come to have every task, and every copy", () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 2 }), (all, replicas) => {
      const world = live(new World(), all);
      const { topics } = world.shell;
      world.shell.refuseNext = ErrorCode.NONE;
      standbyReplicas = replicas;
      for (const name of ["r", "c"]) topics.delete(name);
      topics.set("t", 6);
      clientOf(world, "a");
      for (let round = 0; round < 60; round++) {
        for (const each of world.clients.values()) world.beat(each);
        world.check();
        pass(world.shell, 1_000);
      }
      assertEquals(world.shell.table.describeStreams(groupId).groupState, "Stable");
      const clients = [...world.clients.values()];
      const active = clients.flatMap(({ held }) => [...held.active]).sort();
      const expected = ["0", "1"].flatMap((id) => [0, 1, 2, 3, 4, 5].map((i) => `${id}_${i}`));
      assertEquals(active, expected);
      const standby = clients.flatMap(({ held }) => [...held.standby]);
      const processCount = new Set(clients.map(({ processId }) => processId)).size;
      assertEquals(standby.length, 6 * Math.min(replicas, processCount - 1));
    }),
    { numRuns: runs },
  );
});
