// What brokers tell each other of their logs once etcd has gone back, so that all of them draw the
// same conclusion (src/cluster/home/rollback.ts).
//
//   seen/<id>/<n>   [[topic id, partition, leader epoch, end offset], ...]    leased, as live/<id>
//   seen/<id>       {parts}                      all of them are there
//   seen/<id>/done  {}                           it has decided for all
//
// Invariants: a report is of a broker that lives, and it is whole. No key is put twice in a life,
// so that a copy of a request that is carried out late changes nothing.

import { fromUtf8 } from "../base/bytes.ts";
import { PartitionFault } from "../base/faults.ts";
import type { BrokerId } from "../base/ids.ts";
import type { LogEnd, LogReports } from "../cluster/mod.ts";
import type { Logger } from "../runtime/ports.ts";
import type { EtcdClient } from "./client.ts";
import { jsonBytes, liveKey } from "./keys.ts";
import type { EtcdLease } from "./lease.ts";
import type { Replica } from "./replica.ts";

/** Ends in one key: some 100 KB. */
const endsAtOnce = 1_000;
/** So often who waits says so: it pauses for about a second each time. */
const saidEvery = 10;

export interface ReportsOptions {
  readonly client: EtcdClient;
  readonly replica: Replica;
  readonly prefix: string;
  readonly lease: EtcdLease;
  readonly logger: Logger;
  /** Who is to be heard. The first of them decides for all. */
  readonly brokers: readonly BrokerId[];
  readonly decide: (reports: LogReports) => Promise<void>;
}

/** Tells `ends`; resolves once all have told theirs, and one of them has decided by it. */
export async function compareReports(
  options: ReportsOptions,
  ends: readonly LogEnd[],
): Promise<void> {
  const { replica, lease, brokers, decide } = options;
  const decider = Math.min(...brokers);
  const parts = await tellParts(options, ends);
  await put(options, reportKey(lease.brokerId), { parts });
  if (lease.brokerId !== decider) {
    return await until(options, [decider], (id) => replica.get(doneKey(id)) !== undefined);
  }
  await until(options, brokers, (id) => standingOf(replica, id) !== undefined);
  await decide(new Map(brokers.map((id) => [id, toldBy(replica, id)])));
  await put(options, doneKey(decider), {});
}

/** Resolves once `holds` of each broker. */
async function until(
  { client, lease, logger }: ReportsOptions,
  brokers: readonly BrokerId[],
  holds: (id: BrokerId) => boolean,
): Promise<void> {
  for (let tries = 0;; tries++) {
    const missing = brokers.filter((id) => !holds(id));
    if (missing.length === 0) return;
    if (tries % saidEvery === 0) {
      const fields = { brokers: missing.join(",") };
      logger.log("info", "what other brokers' logs say is waited for", fields);
    }
    await client.pause(tries);
    if (client.isClosed || !lease.isValid()) {
      throw new PartitionFault("this broker was taken for dead before all others were heard");
    }
  }
}

function reportKey(id: BrokerId, part?: number): string {
  return part === undefined ? `seen/${id}` : `seen/${id}/${String(part).padStart(6, "0")}`;
}

/** Puts the report but for its head; how many parts it has. */
async function tellParts(options: ReportsOptions, ends: readonly LogEnd[]): Promise<number> {
  let parts = 0;
  for (let start = 0; start < ends.length; start += endsAtOnce) {
    const part = ends.slice(start, start + endsAtOnce);
    await put(
      options,
      reportKey(options.lease.brokerId, parts++),
      part.map(({ topicId, partition, leaderEpoch, endOffset }) => [
        topicId,
        partition,
        leaderEpoch,
        endOffset,
      ]),
    );
  }
  return parts;
}

function doneKey(id: BrokerId): string {
  return `${reportKey(id)}/done`;
}

/** Puts what goes with this broker's life. */
async function put(
  { client, prefix, lease }: ReportsOptions,
  key: string,
  value: unknown,
): Promise<void> {
  const live = prefix + liveKey(lease.brokerId);
  const { succeeded } = await client.settle({
    compare: [{ key: live, target: "create", revision: lease.brokerEpoch }],
    success: [{ put: prefix + key, value: jsonBytes(value), lease: lease.id }],
    failure: [],
  });
  if (!succeeded) throw new PartitionFault("this broker was taken for dead");
}

/** What a report begins with, once it is there. */
function standingOf(replica: Replica, id: BrokerId) {
  return parsed<{ readonly parts: number }>(replica, reportKey(id));
}

function toldBy(replica: Replica, id: BrokerId): LogEnd[] {
  return Array.from({ length: standingOf(replica, id)?.parts ?? 0 }, (_, part) => {
    const ends = parsed<[string, number, number, number][]>(replica, reportKey(id, part)) ?? [];
    return ends.map(([topicId, partition, leaderEpoch, endOffset]) => ({
      topicId,
      partition,
      leaderEpoch,
      endOffset,
    }));
  }).flat();
}

function parsed<T>(replica: Replica, key: string): T | undefined {
  const stored = replica.get(key);
  return stored && JSON.parse(fromUtf8(stored.value));
}
