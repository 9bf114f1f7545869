// What an etcd cluster has agreed on: keys with all their versions since the last compaction, and
// leases. Requests and answers are those of the JSON gateway, with what it leaves out left out.
//
//   request(path, body) -> JSON, or {status, code, message}          events since a revision
//
// Invariant: revisions only grow, one for each transaction that changes something; a compare sees
// the state before its transaction.

import { type Refusal, refusal } from "./simulated_refusal.ts";

interface Version {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** base64; undefined: deleted. */
  readonly value: string | undefined;
  readonly lease: string;
}

interface Lease {
  readonly ttlSeconds: number;
  endsMs: number;
}

/** A change as a watch tells it. */
export interface StateEvent {
  readonly key: string;
  readonly version: Version;
}

// deno-lint-ignore no-explicit-any -- JSON of a peer's shape, which this file is to know.
type Json = any;

const operationsMax = 128;
const requestBytesMax = 1.5 * 1024 * 1024;

export class SimulatedState {
  revision = 1;
  compacted = 0;
  readonly clusterId: string;
  readonly #nowMs: () => number;
  readonly #keys = new Map<string, Version[]>();
  readonly #leases = new Map<string, Lease>();
  readonly #watchers = new Set<(revision: number, events: StateEvent[]) => void>();
  /** How much longer leases live than they were granted, as after an election. */
  leaseGraceMs = 0;

  constructor({ nowMs, clusterId }: { nowMs: () => number; clusterId: string }) {
    this.#nowMs = nowMs;
    this.clusterId = clusterId;
  }

  /** Keys below `prefix` with their texts, for a test to look at. */
  texts(prefix: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, versions] of [...this.#keys].sort()) {
      const value = versions.at(-1)?.value;
      if (value !== undefined && key.startsWith(prefix)) found.set(key, atob(value));
    }
    return found;
  }

  /** The same as it is now: a backup. */
  copy(): SimulatedState {
    const copy = new SimulatedState({ nowMs: this.#nowMs, clusterId: this.clusterId });
    copy.revision = this.revision;
    copy.compacted = this.compacted;
    for (const [key, versions] of this.#keys) copy.#keys.set(key, [...versions]);
    for (const [id, lease] of this.#leases) copy.#leases.set(id, { ...lease });
    return copy;
  }

  onEvents(listener: (revision: number, events: StateEvent[]) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Everything that has happened from a revision on, by revision. */
  since(from: number): Map<number, StateEvent[]> {
    const found: [number, StateEvent][] = [];
    for (const [key, versions] of this.#keys) {
      for (const version of versions) {
        if (version.modRevision >= from) found.push([version.modRevision, { key, version }]);
      }
    }
    const byRevision = new Map<number, StateEvent[]>();
    for (const [revision, event] of found.sort(([a], [b]) => a - b)) {
      byRevision.set(revision, [...byRevision.get(revision) ?? [], event]);
    }
    return byRevision;
  }

  /** Forgets what was before a revision. */
  compact(revision: number): void {
    this.compacted = revision;
    for (const [key, versions] of this.#keys) {
      const kept = versions.filter(({ modRevision }, i) =>
        modRevision > revision || (versions[i + 1]?.modRevision ?? Infinity) > revision
      );
      while (kept[0]?.value === undefined && kept.length > 0 && kept[0]!.modRevision <= revision) {
        kept.shift();
      }
      if (kept.length === 0) this.#keys.delete(key);
      else this.#keys.set(key, kept);
    }
  }

  /** Ends the leases whose time is over. */
  expire(): void {
    for (const [id, { endsMs }] of this.#leases) {
      if (endsMs + this.leaseGraceMs <= this.#nowMs()) this.#endLease(id);
    }
  }

  /** Leases begin anew, as under a new leader. */
  extendLeases(): void {
    for (const lease of this.#leases.values()) {
      lease.endsMs = this.#nowMs() + lease.ttlSeconds * 1000;
    }
  }

  request(path: string, text: string): Json | Refusal {
    if (text.length * 3 / 4 > requestBytesMax) {
      return refusal(400, 3, "etcdserver: request is too large");
    }
    const body = JSON.parse(text);
    this.expire();
    switch (path) {
      case "/v3/kv/range":
        return this.#range(body);
      case "/v3/kv/txn":
        return this.#transaction(body);
      case "/v3/lease/grant":
        return this.#grant(body);
      case "/v3/lease/keepalive":
        return this.#keepAlive(body);
      case "/v3/lease/revoke":
        if (!this.#leases.has(body.ID)) return lost;
        this.#endLease(body.ID);
        return { header: this.header() };
      case "/v3/maintenance/status":
        return { header: this.header(), version: "3.6.9", dbSize: "20480", leader: "1" };
      default:
        return refusal(404, 5, "Not Found");
    }
  }

  header(revision = this.revision) {
    return {
      cluster_id: this.clusterId,
      member_id: "1",
      revision: String(revision),
      raft_term: "2",
    };
  }

  #grant({ ID, TTL }: Json): Json | Refusal {
    const id = String(ID ?? Math.floor(this.#nowMs()) + 1);
    if (this.#leases.has(id)) return refusal(400, 9, "etcdserver: lease already exists");
    const ttlSeconds = Math.max(2, Number(TTL));
    this.#leases.set(id, { ttlSeconds, endsMs: this.#nowMs() + ttlSeconds * 1000 });
    return { header: this.header(), ID: id, TTL: String(ttlSeconds) };
  }

  #keepAlive({ ID }: Json): Json {
    const lease = this.#leases.get(String(ID));
    const result = { header: this.header(), ID: String(ID) };
    if (lease === undefined) return { result };
    lease.endsMs = this.#nowMs() + lease.ttlSeconds * 1000;
    return { result: { ...result, TTL: String(lease.ttlSeconds) } };
  }

  #endLease(id: string): void {
    this.#leases.delete(id);
    const keys = [...this.#keys].filter(([, versions]) => {
      const last = versions.at(-1)!;
      return last.lease === id && last.value !== undefined;
    });
    if (keys.length === 0) return;
    const revision = ++this.revision;
    this.#tell(revision, keys.map(([key]) => this.#delete(key, revision)));
  }

  #at(key: string, revision: number): Version | undefined {
    const found = this.#keys.get(key)?.findLast(({ modRevision }) => modRevision <= revision);
    return found?.value === undefined ? undefined : found;
  }

  #keysIn({ key, range_end }: Json, revision: number): [string, Version][] {
    const from = atob(key);
    const end = range_end === undefined ? undefined : atob(range_end);
    const found: [string, Version][] = [];
    const keys = end === undefined ? [from] : [...this.#keys.keys()].sort();
    for (const each of keys) {
      if (each < from || end !== undefined && each >= end) continue;
      const version = this.#at(each, revision);
      if (version !== undefined) found.push([each, version]);
    }
    return found;
  }

  #range(body: Json, revision = this.revision): Json | Refusal {
    const asked = Number(body.revision ?? 0) || revision;
    if (asked < this.compacted) {
      return refusal(400, 11, "etcdserver: mvcc: required revision has been compacted");
    }
    const all = this.#keysIn(body, asked);
    const limit = Number(body.limit ?? 0) || all.length;
    const kvs = all.slice(0, limit).map(([key, version]) => keyValue(key, version));
    return {
      header: this.header(),
      ...kvs.length > 0 && { kvs, count: String(all.length) },
      ...all.length > limit && { more: true },
    };
  }

  #transaction({ compare = [], success = [], failure = [] }: Json): Json | Refusal {
    const longest = Math.max(compare.length, success.length, failure.length);
    if (longest > operationsMax) {
      return refusal(400, 3, "etcdserver: too many operations in txn request");
    }
    const before = this.revision;
    const succeeded = compare.every((each: Json) => this.#holds(each));
    const events: StateEvent[] = [];
    const touched = new Set<string>();
    const revision = before + 1;
    const responses = [];
    for (
      const { request_put, request_delete_range, request_range } of succeeded ? success : failure
    ) {
      if (request_put !== undefined) {
        const key = atob(request_put.key);
        if (touched.has(key)) {
          return refusal(400, 3, "etcdserver: duplicate key given in txn request");
        }
        const lease = String(request_put.lease ?? "0");
        if (lease !== "0" && !this.#leases.has(lease)) return lost;
        touched.add(key);
        events.push(this.#put(key, { revision, value: request_put.value ?? "", lease }));
        responses.push({ response_put: { header: this.header(revision) } });
      } else if (request_delete_range !== undefined) {
        const gone = this.#keysIn(request_delete_range, before);
        for (const [key] of gone) {
          if (touched.has(key)) {
            return refusal(400, 3, "etcdserver: duplicate key given in txn request");
          }
          touched.add(key);
          events.push(this.#delete(key, revision));
        }
        responses.push({ response_delete_range: { deleted: String(gone.length) } });
      } else {
        responses.push({ response_range: this.#range(request_range, before) });
      }
    }
    if (events.length > 0) {
      this.revision = revision;
      this.#tell(revision, events);
    }
    return { header: this.header(), ...succeeded && { succeeded }, responses };
  }

  #holds(compare: Json): boolean {
    const found = this.#keysIn(compare, this.revision);
    if (compare.range_end === undefined && found.length === 0) {
      found.push([atob(compare.key), none]);
    }
    return found.every(([, version]) => {
      const [is, wanted] = compare.target === "MOD"
        ? [version.modRevision, Number(compare.mod_revision)]
        : [version.createRevision, Number(compare.create_revision)];
      return compare.result === "LESS" ? is < wanted : is === wanted;
    });
  }

  #put(
    key: string,
    { revision, value, lease }: { revision: number; value: string; lease: string },
  ): StateEvent {
    const before = this.#at(key, revision);
    const version = {
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      value,
      lease,
    };
    this.#versions(key).push(version);
    return { key, version };
  }

  #delete(key: string, revision: number): StateEvent {
    const version = { ...none, modRevision: revision, value: undefined };
    this.#versions(key).push(version);
    return { key, version };
  }

  #versions(key: string): Version[] {
    const versions = this.#keys.get(key) ?? [];
    this.#keys.set(key, versions);
    return versions;
  }

  #tell(revision: number, events: StateEvent[]): void {
    for (const listener of this.#watchers) listener(revision, events);
  }
}

const none: Version = {
  createRevision: 0,
  modRevision: 0,
  version: 0,
  value: undefined,
  lease: "0",
};
const lost = refusal(404, 5, "etcdserver: requested lease not found");

/** A key as the gateway says it. */
export function keyValue(key: string, { value, lease, ...counts }: Version): Json {
  return {
    key: btoa(key),
    ...counts.createRevision > 0 && { create_revision: String(counts.createRevision) },
    mod_revision: String(counts.modRevision),
    ...counts.version > 0 && { version: String(counts.version) },
    ...value !== undefined && value !== "" && { value },
    ...lease !== "0" && { lease },
  };
}

/** An event as the gateway says it: that of a put has no type. */
export function eventOf({ key, version }: StateEvent): Json {
  const kv = keyValue(key, version);
  return version.value === undefined ? { type: "DELETE", kv } : { kv };
}
