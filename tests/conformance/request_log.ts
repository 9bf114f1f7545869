// Which versions of which requests reached a broker, in the broker's own words (`--trace`): that a
// client was told to speak old versions, or a wrong one, is no proof that it did.
//
//   09:30:00.125 127.0.0.1:40312 rdkafka #7 > Produce v2 request: acks=-1 ...   ──> Produce: 2
//
// Invariant: what `take` returns includes every request that was answered before the call. The
// trace comes in order, so a request of our own marks where it is to end.

import { missing } from "../../src/base/items.ts";
import { patienceMs, within } from "../harness/deadline.ts";
import { Metadata } from "../../src/protocol/mod.ts";
import { RawClient, type Reachable } from "../harness/raw_client.ts";

/** The versions that were used, by the API's name. */
export type UsedVersions = ReadonlyMap<string, ReadonlySet<number>>;

const requestLine = /^[\d:.]+ (\S+) (\S+) #\d+ > (\w+) v(\d+) request/;
const ourOwn = "raw-client";
/** Brokers of a cluster, to each other. */
const brokersOwn = /^broker-\d+$/;

export class RequestLog {
  #used = new Map<string, Set<number>>();
  readonly #marks = new Map<string, () => void>();

  /** Hears a line of the broker's output. */
  onLine(line: string): void {
    const match = requestLine.exec(line);
    if (match === null) return;
    const [, peer = missing(), clientId = missing(), api = missing(), version] = match;
    if (clientId === ourOwn) {
      this.#marks.get(peer)?.();
      return;
    }
    if (brokersOwn.test(clientId)) return;
    const versions = this.#used.get(api) ?? new Set();
    this.#used.set(api, versions.add(Number(version)));
  }

  /** What clients have used since the last call. */
  async take(nodes: readonly Reachable[]): Promise<UsedVersions> {
    for (const node of nodes) await this.#mark(node);
    const used = this.#used;
    this.#used = new Map();
    return used;
  }

  async #mark(node: Reachable): Promise<void> {
    using raw = await RawClient.connect(node);
    const marked = Promise.withResolvers<void>();
    this.#marks.set(raw.name, marked.resolve);
    await raw.ask(Metadata, 9, { topics: [] });
    await within(marked.promise, { ms: patienceMs, what: () => "a request in the trace" });
    this.#marks.delete(raw.name);
  }
}
