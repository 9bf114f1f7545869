// Carrying out decisions: a machine of its own that adds up numbers.

import { assertEquals } from "@std/assert";
import { ErrorCode } from "../protocol/errors.ts";
import { carryOut, type Decision, type Effects } from "./machine.ts";

/** Adds, and follows each sum below `upTo` by another. */
class Adder {
  sum = 0;

  apply(record: number): void {
    this.sum += record;
  }

  add(record: number, upTo = 0): Decision<number, string> {
    const effects = (message: string, next: Effects<number, string>["next"]) => ({
      answers: [{ to: { id: record }, response: message, failed: undefined }],
      notes: [],
      next,
    });
    return {
      records: [record],
      settle: () =>
        effects(`sum ${this.sum}`, this.sum < upTo ? () => this.add(record, upTo) : undefined),
      refuse: (error) => effects(`refused ${error}`, undefined),
    };
  }
}

Deno.test("records are applied once the log has them, and then the answer says so", () => {
  const adder = new Adder();
  const log: number[][] = [];
  const { answers } = carryOut(adder, adder.add(2), (records) => {
    assertEquals(adder.sum, 0, "nothing is applied before");
    log.push([...records]);
    return ErrorCode.NONE;
  });
  assertEquals([log, answers.map(({ response }) => response)], [[[2]], ["sum 2"]]);
});

Deno.test("what the log refuses has not happened, and nothing follows from it", () => {
  const adder = new Adder();
  const refusals = [ErrorCode.NONE, ErrorCode.MESSAGE_TOO_LARGE];
  const { answers } = carryOut(adder, adder.add(2, 10), () => refusals.shift() ?? ErrorCode.NONE);
  assertEquals(adder.sum, 2);
  assertEquals(answers.map(({ response }) => response), ["sum 2", "refused 10"]);
});

Deno.test("what follows from a decision is decided by what it left", () => {
  const adder = new Adder();
  const { answers } = carryOut(adder, adder.add(4, 10), () => ErrorCode.NONE);
  assertEquals(answers.map(({ response }) => response), ["sum 4", "sum 8", "sum 12"]);
});
