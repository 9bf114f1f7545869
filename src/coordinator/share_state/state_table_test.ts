import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ErrorCode } from "../../protocol/errors.ts";
import { carryOut, type Decision } from "../machine.ts";
import { layOver, type StateBatch } from "./batches.ts";
import {
  decodeShareState,
  encodeShareStateKey,
  encodeShareStateValue,
  type ShareStateRecord,
} from "./record_codec.ts";
import { type ShareStateAnswer, ShareStateTable } from "./state_table.ts";

const topicId = "b3R0bGEtc2hhcmUtZ3JvdQ";
const key = { groupId: "g", topicId, partition: 0 };
const exists = true;
const at = { nowMs: 1_000, asked: { id: 1 } };

/** A table with its log in memory, through the bytes of its records. */
class Shell {
  table: ShareStateTable;
  readonly log: ShareStateRecord[] = [];
  refuseNext: ErrorCode = ErrorCode.NONE;
  readonly #updatesPerSnapshot: number;

  constructor(updatesPerSnapshot = 500) {
    this.#updatesPerSnapshot = updatesPerSnapshot;
    this.table = this.#load();
  }

  #load(): ShareStateTable {
    const table = new ShareStateTable(() => ({ updatesPerSnapshot: this.#updatesPerSnapshot }));
    for (const record of this.log) table.apply(record);
    table.onLoaded(at.nowMs);
    return table;
  }

  restart(): void {
    this.table = this.#load();
  }

  carryOut(decision: Decision<ShareStateRecord, ShareStateAnswer>): ShareStateAnswer | undefined {
    const { answers } = carryOut(this.table, decision, (records) => {
      const refused = this.refuseNext;
      this.refuseNext = ErrorCode.NONE;
      if (refused !== ErrorCode.NONE) return refused;
      for (const record of records) {
        const decoded = decodeShareState(
          encodeShareStateKey(record),
          encodeShareStateValue(record),
        );
        this.log.push(decoded!);
      }
      return ErrorCode.NONE;
    });
    return answers[0]?.response;
  }

  initialize(stateEpoch: number, startOffset = 0) {
    return this.carryOut(this.table.initialize({ key, exists, stateEpoch, startOffset }, at));
  }

  read(leaderEpoch: number) {
    return this.carryOut(this.table.read({ key, exists, leaderEpoch }, at));
  }

  write(stateBatches: StateBatch[], o: Partial<Parameters<ShareStateTable["write"]>[0]> = {}) {
    const input = {
      key,
      exists,
      stateEpoch: 1,
      leaderEpoch: 0,
      startOffset: -1,
      deliveryCompleteCount: 0,
      stateBatches,
      ...o,
    };
    return this.carryOut(this.table.write(input, at));
  }

  get state() {
    return this.table.summary({ key, exists }).state;
  }
}

function batch(firstOffset: number, lastOffset: number, deliveryState = 2): StateBatch {
  return { firstOffset, lastOffset, deliveryState, deliveryCount: 1 };
}

Deno.test("a state begins, is changed, read, and forgotten", () => {
  const shell = new Shell();
  assertEquals(shell.read(0)?.errorCode, ErrorCode.INVALID_REQUEST);
  assertEquals(shell.write([])?.errorCode, ErrorCode.INVALID_REQUEST);
  assertEquals(shell.state, undefined);
  assertEquals(shell.initialize(1, 5)?.errorCode, ErrorCode.NONE);
  assertEquals(shell.write([batch(10, 19), batch(5, 6, 0)])?.errorCode, ErrorCode.NONE);
  const state = shell.read(0)?.state;
  assertEquals([state?.startOffset, state?.stateEpoch], [5, 1]);
  assertEquals(state?.stateBatches, [batch(5, 6, 0), batch(10, 19)]);
  shell.write([batch(7, 12, 4)], { startOffset: 6, deliveryCompleteCount: 3 });
  shell.restart();
  assertEquals(shell.state?.stateBatches, [batch(6, 6, 0), batch(7, 12, 4), batch(13, 19)]);
  assertEquals(shell.state?.deliveryCompleteCount, 3);
  const forget = () => shell.carryOut(shell.table.delete({ key, exists }, at))?.errorCode;
  assertEquals([forget(), forget()], [ErrorCode.NONE, ErrorCode.NONE]);
  assertEquals(shell.state, undefined);
});

Deno.test("an older leader and an older state are fenced", () => {
  const shell = new Shell();
  shell.initialize(3);
  assertEquals(shell.read(5)?.errorCode, ErrorCode.NONE);
  assertEquals(shell.state?.leaderEpoch, 5);
  assertEquals(shell.read(4)?.errorCode, ErrorCode.FENCED_LEADER_EPOCH);
  const epochs = { stateEpoch: 3, leaderEpoch: 4 };
  assertEquals(shell.write([], epochs)?.errorCode, ErrorCode.FENCED_LEADER_EPOCH);
  const older = { stateEpoch: 2, leaderEpoch: 5 };
  assertEquals(shell.write([], older)?.errorCode, ErrorCode.FENCED_STATE_EPOCH);
  assertEquals(shell.initialize(2)?.errorCode, ErrorCode.FENCED_STATE_EPOCH);
  assertEquals(shell.initialize(4)?.errorCode, ErrorCode.NONE);
  shell.restart();
  assertEquals(shell.read(4)?.errorCode, ErrorCode.FENCED_LEADER_EPOCH, "also after a restart");
});

Deno.test("what was refused has not happened", () => {
  const shell = new Shell();
  shell.initialize(1);
  shell.refuseNext = ErrorCode.KAFKA_STORAGE_ERROR;
  assertEquals(shell.write([batch(0, 4)])?.errorCode, ErrorCode.NOT_COORDINATOR);
  assertEquals(shell.state?.stateBatches, []);
  const tooFar = { ...batch(4, 3) };
  assertEquals(shell.write([tooFar])?.errorCode, ErrorCode.INVALID_REQUEST);
});

Deno.test("after so many updates comes a snapshot, and one for what is cold", () => {
  const shell = new Shell(3);
  shell.initialize(1);
  for (let i = 0; i < 8; i++) shell.write([batch(i, i)]);
  const kinds = () => shell.log.map(({ type }) => type === "ShareSnapshot" ? "S" : "u").join("");
  assertEquals(kinds(), "SuuuSuuuS");
  const dueMs = shell.table.nextDeadlineMs()!;
  shell.carryOut(shell.table.onTick(dueMs));
  assertEquals(kinds(), "SuuuSuuuSS");
  assertEquals(shell.state?.stateBatches, [batch(0, 7)]);
  assert(shell.table.nextDeadlineMs()! > dueMs);
});

Deno.test("the states of topics that are gone are forgotten", () => {
  const shell = new Shell();
  shell.initialize(1);
  shell.carryOut(shell.table.onImage({ isTopic: (id) => id === topicId }));
  assert(shell.state !== undefined);
  shell.carryOut(shell.table.onImage({ isTopic: () => false }));
  shell.restart();
  assertEquals(shell.state, undefined);
});

const anyBatch = fc.record({
  firstOffset: fc.nat(30),
  size: fc.integer({ min: 1, max: 8 }),
  deliveryState: fc.constantFrom(0, 2, 4),
  deliveryCount: fc.integer({ min: 1, max: 3 }),
}).map(({ size, ...each }) => ({ ...each, lastOffset: each.firstOffset + size - 1 }));

Deno.test("what is kept is what was last said of each offset, after a restart as well", () => {
  const step = fc.record({
    changes: fc.array(anyBatch, { maxLength: 4 }),
    startOffset: fc.option(fc.nat(20), { nil: -1 }),
    refused: fc.nat(6).map((n) => n === 0),
    restarts: fc.nat(6).map((n) => n === 0),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 20 }), fc.nat(4), (steps, perSnapshot) => {
    const shell = new Shell(perSnapshot);
    shell.initialize(1);
    const said = new Map<number, string>();
    let start = 0;
    for (const { changes, startOffset, refused, restarts } of steps) {
      if (refused) shell.refuseNext = ErrorCode.KAFKA_STORAGE_ERROR;
      const from = startOffset === -1 ? -1 : Math.max(start, startOffset);
      const answer = shell.write(changes, { startOffset: from });
      assertEquals(answer?.errorCode === ErrorCode.NONE, !refused);
      if (!refused) {
        if (from !== -1) start = from;
        for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of changes) {
          for (let offset = firstOffset; offset <= lastOffset; offset++) {
            if (offset >= start) said.set(offset, `${deliveryState}/${deliveryCount}`);
          }
        }
        for (const offset of said.keys()) if (offset < start) said.delete(offset);
      }
      if (restarts) shell.restart();
      const { startOffset: kept, stateBatches } = shell.state!;
      assertEquals(kept, start);
      assertEquals(byOffset(stateBatches), said);
      assertOrdered(stateBatches);
    }
  }));
});

function byOffset(batches: readonly StateBatch[]): Map<number, string> {
  const said = new Map<number, string>();
  for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of batches) {
    for (let offset = firstOffset; offset <= lastOffset; offset++) {
      said.set(offset, `${deliveryState}/${deliveryCount}`);
    }
  }
  return said;
}

function assertOrdered(batches: readonly StateBatch[]): void {
  for (const [i, { firstOffset, ...each }] of batches.entries()) {
    const before = batches[i - 1];
    if (before === undefined) continue;
    assert(before.lastOffset < firstOffset);
    const same = before.deliveryState === each.deliveryState &&
      before.deliveryCount === each.deliveryCount;
    assert(!same || before.lastOffset + 1 < firstOffset, "neighbours that say the same are one");
  }
}

Deno.test("a change lies over what was known", () => {
  const known = [batch(0, 9, 0), batch(10, 19)];
  const changes = [batch(5, 14, 4)];
  assertEquals(layOver(known, { changes, startOffset: 2 }), [
    batch(2, 4, 0),
    batch(5, 14, 4),
    batch(15, 19),
  ]);
});
