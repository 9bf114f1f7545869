// Random requests, time, refused appends and restarts against the group table.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ZERO_UUID } from "../../base/ids.ts";
import type { TxnOffsetCommitResponse } from "../../protocol/apis/28_txn_offset_commit.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import { type Carried, GroupShell } from "../../../tests/harness/group_shell.ts";
import { subscription } from "../../../tests/harness/scenario_script.ts";
import { firstOf, itemAt } from "../../base/items.ts";
import {
  type Answer,
  type At,
  groupConfigDefaults,
  type GroupDecision,
  type GroupResponse,
  type GroupTable,
} from "../mod.ts";

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
  readonly #inner = new GroupShell(() => config);
  readonly waiting = new Set<number>();
  /** Groups that somebody has tried to join: the log need not know them. */
  readonly joined = new Set<string>();
  /** Ids that members were given, and generations that they were told, per group. */
  readonly memberIds = new Map<string, Set<string>>();
  readonly generations = new Map<string, number>();

  get table(): GroupTable {
    return this.#inner.table;
  }

  get nowMs(): number {
    return this.#inner.nowMs;
  }

  newUuid(): string {
    return this.#inner.newUuid();
  }

  at<Response>(): At<Response> {
    const at = this.#inner.at<Response>();
    this.waiting.add(at.asked.id);
    return at;
  }

  /** Has the log refuse the next batch, or not. */
  refuse(errorCode: ErrorCode): void {
    this.#inner.refuseNext = errorCode;
  }

  settle(groupId: string, decision: GroupDecision): void {
    const { refuseNext } = this.#inner;
    const before = refuseNext === ErrorCode.NONE ? undefined : whatIsSeen(this.table);
    const { answers, batches } = this.#inner.carryOut(decision);
    if (before !== undefined && decision.records.length > 0 && isStoredAlone(firstOf(batches))) {
      assertEquals(whatIsSeen(this.table), before, "a refused decision left something");
    }
    this.deliver(groupId, answers);
  }

  deliver(groupId: string, answers: readonly Answer<GroupResponse>[]): void {
    for (const { to, response } of answers) {
      assert(this.waiting.delete(to.id), "answered twice, or never asked");
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

  endTransaction(producerId: number, committed: boolean): void {
    this.#inner.endTransaction(producerId, committed);
  }

  restart(): void {
    this.#inner.restart();
    // The connections are gone, and with them everyone who waited.
    this.waiting.clear();
  }

  tick(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (let ticks = 0;; ticks++) {
      assert(ticks < 1_000, "time stands still");
      const dueMs = this.table.nextDeadlineMs() ?? Infinity;
      if (dueMs > endMs) break;
      this.#inner.nowMs = Math.max(dueMs, this.nowMs);
      // The answers of one tick may belong to any group; ids are only used to ask again.
      this.settle(itemAt(groupIds, ticks % 2), this.table.onTick(this.nowMs));
    }
    this.#inner.nowMs = endMs;
  }

  /** What holds between any two decisions; above all, that the log says what the tables say. */
  check(): void {
    this.table.assertConsistent();
    const replayed = this.#inner.replay();
    const stored = groupIdsOf(replayed);
    for (const groupId of groupIdsOf(this.table)) {
      assert(stored.has(groupId) || this.joined.has(groupId), `${groupId} is a ghost`);
    }
    for (const groupId of groupIds) {
      assertEquals(offsetsOf(replayed, groupId), offsetsOf(this.table, groupId));
      const live = this.table.describe(groupId, { apiVersion: 5 });
      const kept = replayed.describe(groupId, { apiVersion: 5 });
      if (stored.has(groupId)) assert(live.groupState !== "Dead", `${groupId} is lost`);
      // Until it is settled again, a group that rebalances is not what the log has.
      const isSettled = live.groupState === "Stable" || live.groupState === "Empty";
      if (isSettled && stored.has(groupId)) assertEquals(kept, live);
    }
  }
}

function groupIdsOf(table: GroupTable): Set<string> {
  return new Set(table.list({ statesFilter: [], typesFilter: [] }).map(({ groupId }) => groupId));
}

/** All that anybody can see of the groups. */
function whatIsSeen(table: GroupTable): unknown {
  return groupIds.map((groupId) => [
    table.describe(groupId, { apiVersion: 6 }),
    offsetsOf(table, groupId),
  ]);
}

/** Whether these are records of offsets and tombstones: no rebalance follows their refusal. */
function isStoredAlone({ records }: Carried["batches"][number]): boolean {
  return records.every(({ type, value }) => type === "OffsetCommit" || value === null);
}

/** The group's offsets, and which of them a transaction may change. */
function offsetsOf(table: GroupTable, groupId: string): string[] {
  const topics = ["t", "u"].map((name) => ({
    name,
    topicId: ZERO_UUID,
    partitionIndexes: [0, 1],
  }));
  return [false, true].flatMap((requireStable) => {
    const request = { groupId, memberId: null, memberEpoch: -1, topics, requireStable };
    return table.fetchOffsets(request).topics.flatMap(({ name, partitions }) =>
      partitions.map((p) => `${name}:${p.partitionIndex}=${p.committedOffset} ${p.errorCode}`)
    );
  });
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
    const uuid = shell.newUuid();
    const input = { request, apiVersion, clientId: "c", clientHost: "/192.0.2.1", uuid };
    shell.joined.add(groupId);
    shell.settle(groupId, shell.table.join(input, shell.at()));
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
    shell.settle(groupId, shell.table.sync({ request, apiVersion: 4 }, shell.at()));
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
    shell.settle(groupId, shell.table.leave({ request, apiVersion: 5 }, shell.at()));
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
    shell.settle(groupId, shell.table.commitOffsets({ request, apiVersion: 8 }, shell.at()));
  },
});

const producerId = fc.constantFrom(1, 2, 3);

const commitWithin = stepOf("commit within a transaction", {
  options: fc.record({
    groupId: group,
    index: pick,
    producerId,
    isAnonymous: fc.boolean(),
    name: fc.constantFrom("t", "u"),
    committedOffset: fc.nat({ max: 9 }),
  }),
  run(shell, { groupId, index, producerId, isAnonymous, name, committedOffset }) {
    const partition = {
      partitionIndex: index % 2,
      committedOffset,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    };
    const request = {
      transactionalId: String(producerId),
      groupId,
      producerId,
      producerEpoch: 0,
      generationIdOrMemberEpoch: isAnonymous ? -1 : shell.generations.get(groupId) ?? 0,
      memberId: isAnonymous ? "" : memberOf(shell, groupId, index),
      groupInstanceId: null,
      topics: [{ name, topicId: ZERO_UUID, partitions: [partition] }],
    };
    const at = { ...shell.at<TxnOffsetCommitResponse>(), apiVersion: 3 };
    shell.settle(groupId, shell.table.commitTransactionOffsets(request, at));
  },
});

const endTransaction = stepOf("end", {
  options: fc.record({ producerId, committed: fc.boolean() }),
  run: (shell, { producerId, committed }) => shell.endTransaction(producerId, committed),
});

const deleteOffsets = stepOf("delete offsets", {
  options: group,
  run(shell, groupId) {
    const topics = [{ name: "u", partitions: [{ partitionIndex: 0 }] }];
    shell.settle(groupId, shell.table.deleteOffsets({ groupId, topics }, shell.at()));
  },
});

const deleteGroup = stepOf("delete group", {
  options: group,
  run: (shell, groupId) => shell.settle(groupId, shell.table.deleteGroups([groupId], shell.at())),
});

const deleteTopic = stepOf("delete topic", {
  options: fc.constantFrom("t", "u"),
  run: (shell, topic) =>
    shell.settle("", shell.table.onImage({ deletedTopics: [topic] }, shell.nowMs)),
});

const restart = stepOf("restart", {
  options: fc.constant(null),
  run: (shell) => shell.restart(),
});

const refuse = stepOf("refuse", {
  options: fc.constant(null),
  run(shell) {
    shell.refuse(ErrorCode.MESSAGE_TOO_LARGE);
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
    { weight: 3, arbitrary: commitWithin },
    { weight: 2, arbitrary: endTransaction },
    { weight: 5, arbitrary: tick },
    { weight: 1, arbitrary: fc.oneof(deleteOffsets, deleteGroup, deleteTopic, restart, refuse) },
  ),
  { maxLength: 120, size: "max" },
);

function run(all: readonly Step[]): Shell {
  const shell = new Shell();
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
      const answers = shell.table.resign(ErrorCode.NOT_COORDINATOR, shell.nowMs);
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
      shell.refuse(ErrorCode.NONE);
      for (const producerId of [1, 2, 3]) shell.endTransaction(producerId, false);
      shell.tick(60 * 60 * 1_000);
      shell.check();
      assertEquals(shell.waiting.size, 0, "a request got no answer");
      assertEquals(shell.table.list({ statesFilter: [], typesFilter: [] }), []);
      assertEquals(shell.table.nextDeadlineMs(), undefined);
    }),
    { numRuns: runs },
  );
});
