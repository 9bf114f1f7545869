// What the members of groups leave behind with us: what they say of themselves when they join, and
// what they were assigned, is kept for as long as they are members. Nobody can wait for it to go,
// so that who would bring too much is told to try again.
//
//   counted the last time + all that was asked since  --within the bound--> welcome
//                \-- past it: counted anew, once a second at most
//
// Invariant: members hold the bound at most, and what one request can bring.

import { RareLine } from "../../base/rare_line.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Logger, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { type Groups, memberBytesOf } from "./groups.ts";
import type { MemoryBudget } from "../limits/memory_budget.ts";

/** Every member is looked at to count: that is not done at each request. */
const countIntervalMs = 1_000;

export interface GroupMemoryOptions {
  readonly bytesMax: () => number;
  /** message.max.bytes: what is larger could not be stored. */
  readonly recordBytesMax: () => number;
  /** What members hold now. */
  readonly count: () => number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

export class GroupMemory {
  readonly #options: GroupMemoryOptions;
  readonly #refused: RareLine;
  #bytes = 0;
  #countedMs = -Infinity;

  constructor(options: GroupMemoryOptions) {
    this.#options = options;
    const { logger, monotonic } = options;
    this.#refused = new RareLine({
      say: (reason, requests) =>
        logger.log("warn", "members were refused, since those of all groups hold too much", {
          reason,
          requests,
        }),
      monotonic,
    });
  }

  /**
   * Whether a request of so many bytes may leave them behind: NONE; UNKNOWN_SERVER_ERROR, as of a
   * record that is too large, or COORDINATOR_NOT_AVAILABLE while there is no room.
   *
   * Differs from Kafka: a member whose request is larger than message.max.bytes is refused when it
   * joins; Kafka lets it join and then cannot store its group. The memory of all group members
   * together is bounded by a part of ottla.memory.bytes.max.
   */
  admit(bytes: number): ErrorCode {
    const { bytesMax, recordBytesMax, count, monotonic } = this.#options;
    if (bytes > recordBytesMax()) return ErrorCode.UNKNOWN_SERVER_ERROR;
    const isFull = () => this.#bytes + bytes > bytesMax();
    if (isFull() && monotonic() - this.#countedMs >= countIntervalMs) {
      this.#countedMs = monotonic();
      this.#bytes = count();
    }
    if (isFull()) {
      this.#refused.note(`${bytes} more than ${this.#bytes} of ${bytesMax()} bytes`);
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
    this.#bytes += bytes;
    return ErrorCode.NONE;
  }
}

/** What members of `groups` may hold of the broker's memory. */
export function groupMemoryOf({ config, logger, runtime: { clock }, memory, groups }: {
  readonly config: BrokerConfig;
  readonly logger: Logger;
  readonly runtime: Pick<Runtime, "clock">;
  readonly memory: MemoryBudget;
  readonly groups: () => Groups;
}): GroupMemory {
  return new GroupMemory({
    bytesMax: () => memory.memberBytesMax,
    recordBytesMax: () => config.get("message.max.bytes"),
    count: () => memberBytesOf(groups()),
    monotonic: () => clock.monotonic(),
    logger,
  });
}
