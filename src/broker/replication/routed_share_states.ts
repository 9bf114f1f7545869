// States of share partitions across brokers: whoever reads for share groups, or coordinates them,
// asks the broker that leads the state's partition of __share_group_state.
//
//   ShareFetch at 2 ──read, write──> the share coordinator at 1    ReadShareGroupState, Write…
//   the group's coordinator at 3 ──begin, delete, look──> at 1   Initialize…, Delete…, …Summary
//
// What a coordinator that moves refuses is asked again a few times, of whoever leads by then: what
// is written is laid over what is known, so that twice is once, and older leaders are fenced. Each
// request is about one share partition, and a connection has a few under way.
// Invariant: what comes from another broker is answered by the broker that it reached.

import type { BrokerId } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import {
  type InitializeInput,
  type ReadInput,
  type SharePartitionKey,
  sharePartitionText,
  type ShareStateQuestion,
  type WriteInput,
} from "../../coordinator/mod.ts";
import { InitializeShareGroupState } from "../../protocol/apis/83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "../../protocol/apis/84_read_share_group_state.ts";
import { WriteShareGroupState } from "../../protocol/apis/85_write_share_group_state.ts";
import { DeleteShareGroupState } from "../../protocol/apis/86_delete_share_group_state.ts";
import {
  ReadShareGroupStateSummary,
} from "../../protocol/apis/87_read_share_group_state_summary.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Timers } from "../../runtime/ports.ts";
import {
  type ReadAnswer,
  type SharePersister,
  type StateAnswer,
  stateFailure,
} from "../share/persister.ts";
import type { Located } from "../coordination/shards.ts";
import type { Peer, PeerRequests } from "./peers.ts";

export interface RoutedShareStatesOptions {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly peers: PeerRequests;
  /** Who keeps the state of this name. */
  readonly locate: (name: string) => Promise<Located | ErrorCode>;
  /** What is kept here. */
  readonly here: SharePersister;
  readonly timers: Pick<Timers, "after">;
  readonly isClosing: () => boolean;
}

/** Who asks can ask again: 1.6 s of pauses. */
const retriesMax = 5;
/** Who has acknowledged records has let go of them, and has them again if it fails: 11 s. */
const writeRetriesMax = 11;
const firstPauseMs = 50;
const pauseMsMax = 1_600;

/** What a coordinator that comes, goes or is not reached is said to answer. */
const passing: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
]);

export class RoutedShareStates implements SharePersister {
  readonly #options: RoutedShareStatesOptions;

  constructor(options: RoutedShareStatesOptions) {
    this.#options = options;
  }

  initialize(input: InitializeInput): Promise<StateAnswer> {
    const { key, stateEpoch, startOffset } = input;
    return this.#ask(key, {
      here: (states) => states.initialize(input),
      there: async (peer) => {
        const asked = about(key, { stateEpoch, startOffset });
        return bare(await peer.request(InitializeShareGroupState, asked));
      },
    });
  }

  read(input: ReadInput): Promise<ReadAnswer> {
    const { key, leaderEpoch } = input;
    return this.#ask<ReadAnswer>(key, {
      here: (states) => states.read(input),
      there: async (peer) => {
        const answer = only(await peer.request(ReadShareGroupState, about(key, { leaderEpoch })));
        if (answer === undefined) return unavailable;
        const { errorCode, errorMessage, stateEpoch } = answer;
        if (errorCode !== ErrorCode.NONE) return { errorCode, errorMessage, state: undefined };
        const stateBatches = answer.stateBatches.map((batch) => ({
          ...batch,
          firstOffset: saturated(batch.firstOffset),
          lastOffset: saturated(batch.lastOffset),
        }));
        const startOffset = saturated(answer.startOffset);
        return { errorCode, errorMessage, state: { stateEpoch, startOffset, stateBatches } };
      },
    });
  }

  write(input: WriteInput): Promise<StateAnswer> {
    const { key, exists: _, ...said } = input;
    return this.#ask(key, {
      retries: writeRetriesMax,
      here: (states) => states.write(input),
      there: async (peer) => bare(await peer.request(WriteShareGroupState, about(key, said))),
    });
  }

  delete(question: ShareStateQuestion): Promise<StateAnswer> {
    const { key } = question;
    return this.#ask(key, {
      here: (states) => states.delete(question),
      there: async (peer) => bare(await peer.request(DeleteShareGroupState, about(key, {}))),
    });
  }

  summarise(question: ShareStateQuestion): Promise<StateAnswer> {
    const { key } = question;
    return this.#ask(key, {
      here: (states) => states.summarise(question),
      there: async (peer) => {
        const asked = about(key, { leaderEpoch: -1 });
        const answer = only(await peer.request(ReadShareGroupStateSummary, asked));
        if (answer === undefined) return unavailable;
        const { errorCode, errorMessage, stateEpoch, leaderEpoch, deliveryCompleteCount } = answer;
        if (errorCode !== ErrorCode.NONE) return { errorCode, errorMessage, state: undefined };
        const startOffset = saturated(answer.startOffset);
        const state = { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount };
        return { errorCode, errorMessage, state };
      },
    });
  }

  async #ask<A extends ReadAnswer | StateAnswer>(
    key: SharePartitionKey,
    way: {
      readonly retries?: number;
      readonly here: (states: SharePersister) => Promise<A>;
      readonly there: (peer: Peer) => Promise<A>;
    },
  ): Promise<A | typeof unavailable> {
    const { nodeId, peers, locate, here, timers, isClosing } = this.#options;
    const { retries = retriesMax } = way;
    for (let tries = 0;; tries++) {
      const found = await locate(sharePartitionText(key));
      const answer = typeof found === "number"
        ? stateFailure(found)
        : found.nodeId === nodeId
        ? await way.here(here)
        : await peers.request(found.nodeId, way.there, found.isStill) ?? unavailable;
      if (!passing.has(answer.errorCode) || tries === retries || isClosing()) return answer;
      const pauseMs = Math.min(firstPauseMs * 2 ** tries, pauseMsMax);
      await new Promise<void>((resolve) => timers.after(pauseMs, resolve));
    }
  }
}

const unavailable = stateFailure(ErrorCode.COORDINATOR_NOT_AVAILABLE);

function about<Fields>({ groupId, topicId, partition }: SharePartitionKey, fields: Fields) {
  return { groupId, topics: [{ topicId, partitions: [{ partition, ...fields }] }] };
}

interface Results<P> {
  readonly results: readonly { readonly partitions: readonly P[] }[];
}

/** The answer about the one share partition that was asked about. */
function only<P>({ results }: Results<P>): P | undefined {
  return results[0]?.partitions[0];
}

function bare(
  answer: Results<{ readonly errorCode: ErrorCode; readonly errorMessage: string | null }>,
): StateAnswer {
  const { errorCode, errorMessage } = only(answer) ?? unavailable;
  return { errorCode, errorMessage, state: undefined };
}
