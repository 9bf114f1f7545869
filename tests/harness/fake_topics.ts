// The topics of a metadata that is not there: named, with partitions, changed by hand. Their ids
// are made of their number, so that a topic that is created anew has another one.

import type { GroupTopic, GroupTopics } from "../../src/coordinator/mod.ts";
import { uuidFromRandom } from "../../src/base/ids.ts";

export class FakeTopics implements GroupTopics {
  version = 0;
  #made = 0;
  readonly #topics = new Map<string, GroupTopic>();

  /** Creates the topic, or gives it as many partitions. */
  set(name: string, partitionCount: number, racks: readonly string[] = []): void {
    this.version++;
    const id = this.#topics.get(name)?.id ??
      uuidFromRandom(new Uint8Array(16).fill(++this.#made));
    this.#topics.set(name, { name, id, partitionCount, racksOf: () => racks });
  }

  delete(name: string): void {
    this.version++;
    this.#topics.delete(name);
  }

  byName(name: string): GroupTopic | undefined {
    return this.#topics.get(name);
  }

  byId(id: string): GroupTopic | undefined {
    return [...this.#topics.values()].find((topic) => topic.id === id);
  }

  names(): Iterable<string> {
    return [...this.#topics.keys()].sort();
  }
}
