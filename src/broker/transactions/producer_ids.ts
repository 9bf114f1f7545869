// Producer ids for idempotent producers. They come from blocks that the metadata log hands out
// (ProducerIdsRecord), so an id is never given twice: what a crash leaves of a block is lost on
// purpose.

import type { ProducerId } from "../../base/ids.ts";
import { addInt64 } from "../../base/int64.ts";

/** A reserved range of ids: `first` up to, not including, `end`. */
export interface ProducerIdBlock {
  readonly first: ProducerId;
  readonly end: ProducerId;
}

/** Gives ids one by one. */
export class ProducerIds {
  readonly #reserve: () => Promise<ProducerIdBlock>;
  #next: ProducerId = 0;
  #end: ProducerId = 0;
  #reserving: Promise<void> | undefined;

  constructor(reserve: () => Promise<ProducerIdBlock>) {
    this.#reserve = reserve;
  }

  /** An id that nobody else has. Rejects when no block can be reserved. */
  async next(): Promise<ProducerId> {
    while (this.#next >= this.#end) {
      this.#reserving ??= this.#takeBlock().finally(() => this.#reserving = undefined);
      await this.#reserving;
    }
    const id = this.#next;
    this.#next = addInt64(id, 1);
    return id;
  }

  async #takeBlock(): Promise<void> {
    const block = await this.#reserve();
    this.#next = block.first;
    this.#end = block.end;
  }
}
