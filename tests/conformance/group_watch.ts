// What the members of a consumer group report while the test watches: who holds which partitions
// and who saw which record.
//
//   client's callback ──assigned / saw / left──> GroupWatch ──wakes──> until...()
//
// Invariant: waiting is driven by reports alone; nothing polls and nothing sleeps.

import { patienceMs, within } from "../harness/deadline.ts";
import type { GroupReports } from "./driver.ts";

export class GroupWatch implements GroupReports {
  readonly #withinMs: number;
  readonly #held = new Map<string, readonly number[]>();
  readonly #changes = new Map<string, number>();
  readonly #seen = new Map<string, Set<string>>();
  readonly #failures: string[] = [];
  readonly #wakes = new Set<() => void>();

  /** Each wait gives up after `withinMs`. */
  constructor({ withinMs = patienceMs }: { withinMs?: number } = {}) {
    this.#withinMs = withinMs;
  }

  /** `member` now holds exactly these partitions. */
  assigned(member: string, partitions: readonly number[]): void {
    this.#changes.set(member, this.changesOf(member) + 1);
    this.#held.set(member, [...partitions].sort((a, b) => a - b));
    this.#wake();
  }

  /** `member` received the record with this value. */
  saw(member: string, value: string): void {
    const members = this.#seen.get(value) ?? new Set();
    this.#seen.set(value, members.add(member));
    this.#wake();
  }

  /** `member` is no longer in the group. */
  left(member: string): void {
    this.#held.delete(member);
    this.#wake();
  }

  /** `member` cannot go on; every wait fails with its words. */
  failed(member: string, message: string): void {
    this.#failures.push(`${member}: ${message}`);
    this.#wake();
  }

  /** The partitions that `member` holds. */
  heldBy(member: string): readonly number[] {
    return this.#held.get(member) ?? [];
  }

  /** How often `member` was told what it holds. */
  changesOf(member: string): number {
    return this.#changes.get(member) ?? 0;
  }

  /** The values that any member received. */
  get values(): Set<string> {
    return new Set(this.#seen.keys());
  }

  /** Waits until just these members share all partitions, none idle and no partition held twice. */
  async untilShared(members: readonly string[], partitionCount: number): Promise<void> {
    const wanted = `partitions 0-${partitionCount - 1} shared by ${members.join(", ")}`;
    await this.#until(
      () => this.#isShared(members, partitionCount),
      () => `${wanted}; held: ${JSON.stringify(Object.fromEntries(this.#held))}`,
    );
  }

  /** Waits until each of these values was received by some member. */
  async untilSeen(values: readonly string[]): Promise<void> {
    const missing = () => values.filter((value) => !this.#seen.has(value));
    await this.#until(
      () => missing().length === 0,
      () => `${values.length} records seen; missing ${missing().length}: ${missing().slice(0, 5)}`,
    );
  }

  #isShared(members: readonly string[], partitionCount: number): boolean {
    if (this.#held.size !== members.length) return false;
    const shares = members.map((member) => this.#held.get(member) ?? []);
    const all = shares.flat();
    return shares.every((share) => share.length > 0) && all.length === partitionCount &&
      new Set(all).size === partitionCount;
  }

  async #until(condition: () => boolean, what: () => string): Promise<void> {
    const done = Promise.withResolvers<void>();
    const check = () => {
      if (this.#failures.length > 0) done.reject(new Error(this.#failures.join("\n")));
      else if (condition()) done.resolve();
    };
    this.#wakes.add(check);
    check();
    try {
      await within(done.promise, { ms: this.#withinMs, what });
    } finally {
      this.#wakes.delete(check);
    }
  }

  #wake(): void {
    for (const check of this.#wakes) check();
  }
}
