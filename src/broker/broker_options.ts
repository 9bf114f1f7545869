// What a broker is made of and made with: what whoever starts it gives, how this start is unlike
// others, and what was opened before there is a broker.

import type { Logger, Runtime } from "../runtime/ports.ts";
import type { BrokerConfig } from "./config/mod.ts";
import type { MetadataStore } from "../cluster/mod.ts";
import type { TraceFilter } from "./network/trace_filter.ts";
import type { GivenAccess } from "./access/given_access.ts";
import type { AuditLog } from "./access/audit.ts";
import type { Dispatch } from "./network/connection.ts";
import type { Storage } from "./logs/storage.ts";
import type { MetadataSnapshots } from "./metadata/snapshots.ts";
import type { Replication, ReplicationOptions } from "./replication/replication.ts";

/** What whoever starts a broker gives it. */
export interface BrokerOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
  /** Where the metadata is; absent: in a log in the data directories. */
  readonly metadata?: MetadataStore;
  /** Takes the lines of a trace; absent: nothing is traced. */
  readonly trace?: (line: string) => void;
  /** What the trace is about; absent: everything. */
  readonly traceFilter?: TraceFilter;
  /** What the metadata is to hold before the first client comes. */
  readonly access?: GivenAccess;
  /** Hears what clients do; absent: nobody does. */
  readonly audit?: AuditLog;
  /** Stands between the connections and what answers their requests; absent: nobody does. */
  readonly around?: (dispatch: Dispatch) => Dispatch;
  /** A bug of ours that must not be lived with; absent: it is only logged. */
  readonly onFatal?: (error: unknown) => void;
}

/** How a start is unlike one that writes and takes the ports of its configuration. */
export interface StartWay {
  /** Why nothing is to be written: the files are a trial, and go with this broker. */
  readonly readsOnlyBecause?: string;
  /** Ports that this broker has had, in the order of its listeners. */
  readonly ports?: readonly number[];
}

/** What a start has opened before there is a broker. */
export interface Opened {
  readonly storage: Storage;
  readonly metadata: MetadataStore;
  /** Undefined where the metadata is not in a log of ours. */
  readonly snapshots: MetadataSnapshots | undefined;
  /** Undefined where no other broker can have replicas. */
  readonly newReplication?: (options: ReplicationOptions) => Replication;
}
