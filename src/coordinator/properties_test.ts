// Random requests, time, refused appends and restarts against the group table.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ZERO_UUID } from "../base/ids.ts";
import { ErrorCode } from "../protocol/errors.ts";
import {
  type Answer,
  decode,
  encodeKey,
  encodeValue,
  groupConfigDefaults,
  GroupTable,
  type Outcome,
} from "./mod.ts";
import { subscription } from "./scenarios/script.ts";

const config = {
  ...groupConfigDefaults,
  sessionTimeoutMinMs: 1_000,
  groupSizeMax: 4,
  initialRebalanceDelayMs: 500,
  offsetsRetentionMs: 60_000,
  offsetsRetentionCheckIntervalMs: 20_000,
};
const groupIds = ["g", "h"];
const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 200);

/** A shell without a log on disk, and what it has seen. */
class Shell {
  nowMs = 0;
  tokens = 0;
  uuids = 0;
  refuse = false;
  readonly waiting = new Set<number>();
  readonly log: { key: Uint8Array; value: Uint8Array | null }[] = [];
  /** Groups whose becoming empty the log refused: it lags behind them until their next record. */
  readonly unrecorded = new Set<string>();
  /** Ids that members were given, and generations that they were told, per group. */
  readonly memberIds = new Map<string, Set<string>>();
  readonly generations = new Map<string, number>();
  table = this.newTable();

  newTable(): GroupTable {
    return new GroupTable({ config: () => config, newUuid: () => String(++this.uuids) });
  }

  token(): number {
    this.waiting.add(++this.tokens);
    return this.tokens;
  }

  settle(groupId: string, outcome: Outcome): void {
    if (this.refuse && outcome.records.length > 0) {
      this.refuse = false;
      const errorCode = ErrorCode.MESSAGE_TOO_LARGE;
      const instead = this.table.onAppendFailed(outcome, { errorCode, nowMs: this.nowMs });
      assertEquals(instead.records, []);
      for (const { type, key, value } of outcome.records) {
        if (type === "GroupMetadata" && value?.members.length === 0) this.unrecorded.add(key.group);
      }
      this.deliver(groupId, instead.answers);
      return;
    }
    for (const record of outcome.records) {
      if (record.type === "GroupMetadata") this.unrecorded.delete(record.key.group);
      this.log.push({ key: encodeKey(record), value: encodeValue(record) });
    }
    this.deliver(groupId, outcome.answers);
  }

  deliver(groupId: string, answers: readonly Answer[]): void {
    for (const { token, response, whenDurable, failed } of answers) {
      assert(!whenDurable || failed !== undefined, "an answer that waits can fail");
      assert(this.waiting.delete(token as number), "answered twice, or never asked");
      if (!("generationId" in response)) continue;
      if (response.memberId !== "") {
        const known = this.memberIds.get(groupId) ?? new Set();
        this.memberIds.set(groupId, known.add(response.memberId));
      }
      if (response.errorCode !== ErrorCode.NONE) continue;
      this.generations.set(groupId, response.generationId);
      const { leader, members, memberId } = response;
      assertEquals(members.length > 0, leader === memberId);
      if (leader === memberId) assert(members.some((member) => member.memberId === leader));
    }
  }

  restart(): void {
    this.table = this.replay();
    this.settle("", this.table.onLoaded(this.nowMs));
    // The connections are gone, and with them everyone who waited.
    this.waiting.clear();
    this.unrecorded.clear();
  }

  replay(): GroupTable {
    const table = this.newTable();
    for (const { key, value } of this.log) table.apply(decode(key, value));
    return table;
  }

  tick(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (let ticks = 0;; ticks++) {
      assert(ticks < 1_000, "time stands still");
      const dueMs = this.table.nextDeadlineMs() ?? Infinity;
      if (dueMs > endMs) break;
      this.nowMs = Math.max(dueMs, this.nowMs);
      // The answers of one tick may belong to any group; ids are only used to ask again.
      this.settle(groupIds[ticks % 2], this.table.onTick(this.nowMs));
    }
    this.nowMs = endMs;
  }

  check(): void {
    this.table.assertConsistent();
    const replayed = this.replay();
    replayed.onLoaded(this.nowMs);
    for (const groupId of groupIds) {
      assertEquals(offsetsOf(replayed, groupId), offsetsOf(this.table, groupId));
      const live = this.table.describe(groupId, { apiVersion: 5 });
      const kept = replayed.describe(groupId, { apiVersion: 5 });
      if (live.groupState === "Stable") assertEquals(kept, live);
      if (live.groupState === "Empty" && !this.unrecorded.has(groupId)) {
        assertEquals(kept.members, []);
      }
    }
  }
}

/** The group's offsets, in one order whatever the order of the commits. */
function offsetsOf(table: GroupTable, groupId: string): string[] {
  const fetched = table.fetchOffsets({ groupId, memberId: null, memberEpoch: -1, topics: null });
  return fetched.topics.flatMap(({ name, partitions }) =>
    partitions.map((p) => `${name}:${p.partitionIndex}=${p.committedOffset}`)
  ).sort();
}

interface Step {
  readonly run: (shell: Shell) => void;
  /** How a counterexample shows it. */
  readonly [fc.toStringMethod]: () => string;
}

function stepOf<T>(
  name: string,
  { options, run }: { options: fc.Arbitrary<T>; run: (shell: Shell, options: T) => void },
): fc.Arbitrary<Step> {
  return options.map((o) => ({
    run: (shell) => run(shell, o),
    [fc.toStringMethod]: () => `${name} ${JSON.stringify(o)}`,
  }));
}

const group = fc.constantFrom(...groupIds);
const pick = fc.nat({ max: 20 });
const generationShift = fc.constantFrom(0, 0, 0, 0, 1, -1);
const instance = fc.constantFrom(null, null, null, "i1", "i2");
const protocols = fc.constantFrom(["range"], ["range", "sticky"], ["sticky", "range"], ["sticky"]);

function memberOf(shell: Shell, groupId: string, index: number): string {
  const known = [...shell.memberIds.get(groupId) ?? []].slice(-5);
  return known[index % Math.max(known.length, 1)] ?? "unknown-0";
}

function at(shell: Shell): { nowMs: number; token: number } {
  return { nowMs: shell.nowMs, token: shell.token() };
}

const join = stepOf("join", {
  options: fc.record({
    groupId: group,
    fresh: fc.boolean(),
    index: pick,
    instance,
    protocols,
    apiVersion: fc.constantFrom(3, 5, 9),
    sessionTimeoutMs: fc.constantFrom(500, 2_000, 9_000),
    rebalanceTimeoutMs: fc.constantFrom(-1, 1_000, 20_000),
  }),
  run(shell, { groupId, fresh, index, instance, protocols, apiVersion, ...timeouts }) {
    const request = {
      groupId,
      ...timeouts,
      memberId: fresh ? "" : memberOf(shell, groupId, index),
      groupInstanceId: apiVersion < 5 ? null : instance,
      protocolType: "consumer",
      protocols: protocols.map((name) => ({ name, metadata: subscription(["t"]) })),
      reason: null,
    };
    const input = { request, apiVersion, clientId: "c", clientHost: "/192.0.2.1" };
    shell.settle(groupId, shell.table.join(input, at(shell)));
  },
});

const sync = stepOf("sync", {
  options: fc.record({ groupId: group, index: pick, shift: generationShift }),
  run(shell, { groupId, index, shift }) {
    const memberId = memberOf(shell, groupId, index);
    const request = {
      groupId,
      generationId: (shell.generations.get(groupId) ?? 0) + shift,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [{ memberId, assignment: Uint8Array.of(index) }],
    };
    shell.settle(groupId, shell.table.sync({ request, apiVersion: 4 }, at(shell)));
  },
});

const heartbeat = stepOf("heartbeat", {
  options: fc.record({ groupId: group, index: pick }),
  run(shell, { groupId, index }) {
    const generationId = shell.generations.get(groupId) ?? 0;
    const memberId = memberOf(shell, groupId, index);
    const request = { groupId, generationId, memberId, groupInstanceId: null };
    shell.table.heartbeat(request, shell);
  },
});

const leave = stepOf("leave", {
  options: fc.record({ groupId: group, index: pick, instance }),
  run(shell, { groupId, index, instance }) {
    const memberId = instance === null ? memberOf(shell, groupId, index) : "";
    const members = [{ memberId, groupInstanceId: instance, reason: null }];
    const request = { groupId, memberId, members };
    shell.settle(groupId, shell.table.leave({ request, apiVersion: 5 }, at(shell)));
  },
});

const commit = stepOf("commit", {
  options: fc.record({
    groupId: group,
    index: pick,
    member: fc.boolean(),
    name: fc.constantFrom("t", "u"),
    committedOffset: fc.nat({ max: 9 }),
  }),
  run(shell, { groupId, index, member, name, committedOffset }) {
    const partition = {
      partitionIndex: index % 2,
      committedOffset,
      committedLeaderEpoch: -1,
      commitTimestamp: -1,
      committedMetadata: null,
    };
    const request = {
      groupId,
      generationIdOrMemberEpoch: member ? shell.generations.get(groupId) ?? 0 : -1,
      memberId: member ? memberOf(shell, groupId, index) : "",
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name, topicId: ZERO_UUID, partitions: [partition] }],
    };
    shell.settle(groupId, shell.table.commitOffsets({ request, apiVersion: 8 }, at(shell)));
  },
});

const deleteOffsets = stepOf("delete offsets", {
  options: group,
  run(shell, groupId) {
    const topics = [{ name: "u", partitions: [{ partitionIndex: 0 }] }];
    shell.settle(groupId, shell.table.deleteOffsets({ groupId, topics }, at(shell)));
  },
});

const deleteGroup = stepOf("delete group", {
  options: group,
  run: (shell, groupId) => shell.settle(groupId, shell.table.deleteGroups([groupId], at(shell))),
});

const deleteTopic = stepOf("delete topic", {
  options: fc.constantFrom("t", "u"),
  run: (shell, topic) => shell.settle("", shell.table.onTopicsDeleted([topic], shell)),
});

const restart = stepOf("restart", {
  options: fc.constant(null),
  run: (shell) => shell.restart(),
});

const refuse = stepOf("refuse", {
  options: fc.constant(null),
  run(shell) {
    shell.refuse = true;
  },
});

const tick = stepOf("tick", {
  options: fc.constantFrom(1, 400, 1_500, 8_000, 30_000),
  run: (shell, forMs) => shell.tick(forMs),
});

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: join },
    { weight: 6, arbitrary: sync },
    { weight: 3, arbitrary: heartbeat },
    { weight: 2, arbitrary: leave },
    { weight: 3, arbitrary: commit },
    { weight: 5, arbitrary: tick },
    { weight: 1, arbitrary: fc.oneof(deleteOffsets, deleteGroup, deleteTopic, restart, refuse) },
  ),
  { maxLength: 120, size: "max" },
);

function run(all: readonly Step[]): Shell {
  const shell = new Shell();
  shell.table.onLoaded(0);
  for (const step of all) {
    step.run(shell);
    shell.check();
  }
  return shell;
}

Deno.test("the group table stays consistent, and its log says what it says", () => {
  let mostGenerations = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const shell = run(all);
      mostGenerations = Math.max(mostGenerations, ...shell.generations.values());
      const answers = shell.table.resign(ErrorCode.NOT_COORDINATOR, shell);
      shell.deliver("g", answers);
      assertEquals(shell.waiting.size, 0, "a request got no answer");
    }),
    { numRuns: runs },
  );
  assert(mostGenerations > 3, "the steps got nowhere");
});

Deno.test("left alone, a group answers everyone, and ends", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const shell = run(all);
      shell.refuse = false;
      shell.tick(60 * 60 * 1_000);
      shell.check();
      assertEquals(shell.waiting.size, 0, "a request got no answer");
      assertEquals(shell.table.list({ statesFilter: [], typesFilter: [] }), []);
      assertEquals(shell.table.nextDeadlineMs(), undefined);
    }),
    { numRuns: runs },
  );
});
