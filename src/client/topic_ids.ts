// Topics by the ids that the newer group protocols speak of, and back (KIP-516).
//
// Invariant: an id is never another topic's. Of topics that had one name the last is remembered, so
// that there is one id for each name and no more.

import type { Uuid } from "../base/ids.ts";
import { ErrorCode, Metadata } from "../protocol/mod.ts";
import type { Client } from "./client.ts";

export class TopicIds {
  readonly #client: Client;
  readonly #names = new Map<Uuid, string>();
  readonly #ids = new Map<string, Uuid>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The names of those topics that there are, by id. */
  async namesOf(topicIds: readonly Uuid[]): Promise<ReadonlyMap<Uuid, string>> {
    const unknown = topicIds.filter((id) => !this.#names.has(id));
    if (unknown.length > 0) {
      const { topics } = await this.#client.retrying(() =>
        this.#client.request(Metadata, {
          topics: unknown.map((topicId) => ({ topicId, name: null })),
          allowAutoTopicCreation: false,
        }, { to: "any" })
      );
      for (const { topicId, name, errorCode } of topics) {
        if (errorCode === ErrorCode.NONE && name !== null) this.#remember(topicId, name);
      }
    }
    return this.#names;
  }

  /** The id of a topic of which `namesOf` has told. */
  idOf(name: string): Uuid | undefined {
    return this.#ids.get(name);
  }

  #remember(id: Uuid, name: string): void {
    const earlier = this.#ids.get(name);
    if (earlier !== undefined) this.#names.delete(earlier);
    this.#names.set(id, name);
    this.#ids.set(name, id);
  }
}
