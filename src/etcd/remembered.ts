// Whether this is the etcd that a data folder remembers, and whether it has gone back since: by a
// backup that was restored, or an etcd that was made anew.
//
//   another id of etcd's own            another etcd, or one that was restored as a new one
//   a lower revision                    it knows less than this broker has seen
//   a registration of an earlier life   the same, though revisions have grown again
//
// What none of them tells, the logs do: src/broker/metadata/rollback.ts.

import { UsageFault } from "../base/faults.ts";
import type { Int64 } from "../base/int64.ts";
import type { HomeNote } from "../cluster/mod.ts";

/** What leads on for whoever meets it. */
const advice = "Was it restored from a backup? docs/cluster.md says how to go on " +
  "(--accept-metadata-rollback)";

/** Throws UsageFault where etcd, as it is `now`, cannot be what was `noted`, or is older. */
export function checkRemembered(
  now: HomeNote,
  { noted, registeredAs }: { readonly noted: HomeNote; readonly registeredAs: Int64 | undefined },
): void {
  const { home, cluster, etcd, revision, brokerEpoch } = noted;
  if (home !== "etcd") {
    throw new UsageFault(
      "the data folder is of one of several brokers of a process (--nodes), not of a cluster in " +
        "etcd: choose another --data-dir",
    );
  }
  if (cluster !== now.cluster) {
    throw new UsageFault(
      `the data folder is of a broker of the cluster "${cluster}" in etcd, not of ` +
        `"${now.cluster}": name that one with --cluster. ${advice}`,
    );
  }
  if (etcd !== now.etcd) {
    throw new UsageFault(
      `this is another etcd (${now.etcd}) than the one that this broker was a broker of ` +
        `(${etcd}). ${advice}`,
    );
  }
  if (Number(revision) > Number(now.revision)) {
    throw new UsageFault(
      `etcd has gone back: it is at revision ${now.revision}, and this broker has seen ` +
        `${revision}. ${advice}`,
    );
  }
  if (registeredAs !== undefined && Number(brokerEpoch ?? 0) > Number(registeredAs)) {
    throw new UsageFault(
      `etcd has gone back: it knows of a life ${registeredAs} of this broker, whose last one was ` +
        `${brokerEpoch}. ${advice}`,
    );
  }
}
