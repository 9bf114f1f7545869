// A client whose connection ends when a test says so.

import type { Requester } from "../../src/base/requester.ts";

export class Connected implements Requester {
  hasLeft = false;
  readonly #onEnd = new Set<() => void>();

  onEnd(run: () => void): () => void {
    if (this.hasLeft) run();
    else this.#onEnd.add(run);
    return () => this.#onEnd.delete(run);
  }

  leave(): void {
    this.hasLeft = true;
    for (const run of this.#onEnd) run();
  }

  /** How much is to be done once it leaves. */
  get awaited(): number {
    return this.#onEnd.size;
  }
}
