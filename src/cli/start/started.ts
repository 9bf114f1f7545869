// What a start is given and what comes of it, whether that is one broker or several.

import type { BrokerId } from "../../base/ids.ts";
import type { BrokerConfig, RunningBroker, TraceFilter } from "../../broker/mod.ts";
import type { Address } from "../../runtime/ports.ts";
import type { ClusterHomeOptions } from "../cluster/home.ts";

/** What a start is given. */
export interface StartGiven extends ClusterHomeOptions {
  readonly trace: ((line: string) => void) | undefined;
  readonly traceFilter: TraceFilter | undefined;
}

/** What has started: a broker, or several. */
export interface Started extends Pick<RunningBroker, "address" | "close"> {
  readonly config: BrokerConfig;
  /** Closed after it. */
  readonly metadata: { close(): Promise<void> } | undefined;
  /** What there is to say of each broker. */
  readonly ready: readonly ReadyLine[];
}

/** What is said once a broker is ready. */
export interface ReadyLine {
  readonly address: Address;
  /** Where its records are. */
  readonly folder: string;
  /** Its id, where there are several. */
  readonly node?: BrokerId;
}
