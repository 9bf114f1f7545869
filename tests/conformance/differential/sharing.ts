// Questions about sharing: what members of share groups are given, what they may say of it, and
// how their sessions are kept.

import { FindCoordinator, Produce, type RequestInput } from "../../../src/protocol/mod.ts";
import { ShareFetch } from "../../../src/protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../../src/protocol/apis/79_share_acknowledge.ts";
import {
  InitializeShareGroupState,
} from "../../../src/protocol/apis/83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "../../../src/protocol/apis/84_read_share_group_state.ts";
import type { Scenario, Talk } from "../differential.ts";
import { batch, startedAtMs } from "./batches.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";
const [gap, accept, release, reject, renew] = [0, 1, 2, 3, 4];

/** First and last offset, and a type for all of them or for each. */
type Said = readonly [firstOffset: number, lastOffset: number, ...types: number[]];

function batchesOf(said: readonly Said[]) {
  return said.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
    firstOffset,
    lastOffset,
    acknowledgeTypes,
  }));
}

interface Sharing {
  readonly topicId: string;
  readonly fetch: (o?: Asked) => Promise<void>;
  readonly acknowledge: (said: readonly Said[], o?: Asked) => Promise<void>;
}

interface Asked {
  readonly member?: string;
  readonly epoch?: number;
  readonly said?: readonly Said[];
  readonly topicId?: string;
  readonly partition?: number;
  readonly isNamed?: boolean;
  readonly request?: Partial<RequestInput<typeof ShareFetch>>;
}

/** A topic of batches with offsets 0, 1-2 and 3-5, which the talk's group shares from the start. */
async function shared(talk: Talk): Promise<Sharing> {
  const topicId = await talk.createTopic();
  for (const [index, values] of [["a"], ["b", "c"], ["d", "e", "f"]].entries()) {
    const records = batch(values, { timestamp: startedAtMs + index * 1000 });
    const topicData = [{ name: talk.topic, topicId, partitionData: [{ index: 0, records }] }];
    await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
  }
  const groupId = talk.group;
  await talk.until(async () => {
    const coordinatorKeys = [`${groupId}:${topicId}:0`];
    await talk.need(FindCoordinator, { keyType: 2, coordinatorKeys }, { version: 6 });
    const begun = await talk.need(InitializeShareGroupState, {
      groupId,
      topics: [{ topicId, partitions: [{ partition: 0, stateEpoch: 1, startOffset: 0 }] }],
    });
    return begun.results[0]?.partitions[0]?.errorCode === 0;
  });
  // Whose turn it is, in the session of each member.
  const epochs = new Map<string, number>();
  const next = ({ member = "member", epoch }: Asked) => {
    const said = epoch ?? epochs.get(member) ?? 0;
    if (epoch === undefined) epochs.set(member, said + 1);
    return { groupId, memberId: member, shareSessionEpoch: said };
  };
  const topicsOf = (said: readonly Said[], { topicId: asked = topicId, partition = 0 }: Asked) => [{
    topicId: asked,
    partitions: [{ partitionIndex: partition, acknowledgementBatches: batchesOf(said) }],
  }];
  return {
    topicId,
    async fetch(o = {}) {
      const session = next(o);
      const { said = [], isNamed = session.shareSessionEpoch === 0 } = o;
      await talk.ask(ShareFetch, {
        ...session,
        maxWaitMs: 500,
        minBytes: 1,
        maxBytes: 1_000_000,
        maxRecords: 500,
        batchSize: 500,
        isRenewAck: false,
        topics: isNamed || said.length > 0 ? topicsOf(said, o) : [],
        forgottenTopicsData: [],
        ...o.request,
      });
    },
    async acknowledge(said, o = {}) {
      await talk.ask(ShareAcknowledge, {
        ...next(o),
        isRenewAck: said.some(([, , ...types]) => types.includes(renew)),
        topics: topicsOf(said, o),
      });
    },
  };
}

export const sharingScenarios: readonly Scenario[] = [
  {
    about: ShareFetch,
    name: "given, accepted, given back and given again",
    versions: { min: 1 },
    async run(talk) {
      const { topicId, fetch, acknowledge } = await shared(talk);
      await fetch();
      await acknowledge([[0, 0, accept], [1, 2, release], [3, 5, accept, reject, gap]]);
      await fetch({ member: "other" });
      await fetch({ member: "other", said: [[1, 2, accept]], request: { maxWaitMs: 0 } });
      const topics = [{ topicId, partitions: [{ partition: 0, leaderEpoch: 0 }] }];
      await talk.ask(ReadShareGroupState, { groupId: talk.group, topics }, {
        // Kafka moves the start offset with the next write.
        look: ({ results }: { results: readonly { partitions: readonly object[] }[] }) =>
          results[0]?.partitions.map((each) => ({ ...each, startOffset: 0, stateBatches: [] })),
      });
    },
  },
  {
    about: ShareFetch,
    name: "bounds",
    versions: { min: 1 },
    async run(talk) {
      const { fetch } = await shared(talk);
      await fetch({ member: "one", request: { maxRecords: 1 } });
      await fetch({ member: "two", request: { maxRecords: 1, batchSize: 1 } });
      await fetch({ member: "three", request: { maxRecords: 0, maxWaitMs: 0 } });
    },
  },
  {
    about: ShareFetch,
    name: "strict bounds",
    versions: { min: 2 },
    async run(talk) {
      const { fetch } = await shared(talk);
      await fetch({ member: "one", request: { maxRecords: 2, shareAcquireMode: 1 } });
      await fetch({ member: "two", request: { maxRecords: 1, shareAcquireMode: 1 } });
      await fetch({ member: "three", request: { maxRecords: 3, shareAcquireMode: 1 } });
    },
  },
  {
    about: ShareFetch,
    name: "sessions that are not there, and epochs",
    versions: { min: 1 },
    async run(talk) {
      const { fetch, acknowledge } = await shared(talk);
      await fetch({ epoch: 3 });
      await fetch({ epoch: -1 });
      await acknowledge([], { epoch: 3 });
      await acknowledge([], { epoch: -1 });
      await acknowledge([], { epoch: 0 });
      await fetch({ epoch: 0, said: [[0, 0, accept]] });
      await fetch({ epoch: 0 });
      await fetch({ epoch: 2, request: { maxWaitMs: 0 } });
      await acknowledge([], { epoch: 0 });
      await acknowledge([[0, 0, accept]], { epoch: 1 });
      await acknowledge([[1, 1, accept]], { epoch: 1 });
      await fetch({ epoch: -1, said: [[1, 2, accept]], request: { maxWaitMs: 0 } });
      await fetch({ epoch: 3, request: { maxWaitMs: 0 } });
    },
  },
  {
    about: ShareFetch,
    name: "what cannot be",
    versions: { min: 1 },
    async run(talk) {
      const { fetch } = await shared(talk);
      await fetch({ epoch: 0, request: { groupId: null } });
      await fetch({ epoch: 0, request: { memberId: null } });
      await fetch({ epoch: 0, member: "" });
      await fetch({ epoch: 0, member: "m".repeat(37) });
      await fetch({ epoch: 0, partition: 7, request: { maxWaitMs: 0 } });
      await fetch({ epoch: 0, request: { groupId: `${talk.group}-unknown`, maxWaitMs: 2_000 } });
    },
  },
  {
    about: ShareFetch,
    name: "renewing",
    versions: { min: 2 },
    async run(talk) {
      const { fetch } = await shared(talk);
      const nothing = { maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0, isRenewAck: true };
      await fetch();
      await fetch({ said: [[0, 2, renew]], request: nothing });
      await fetch({ said: [[0, 2, renew]], request: { maxWaitMs: 0 } });
      await fetch({ said: [[3, 5, accept, renew, release]], request: nothing });
      await fetch({ said: [[3, 3, accept]], request: nothing });
    },
  },
  {
    about: ShareAcknowledge,
    name: "what cannot be acknowledged",
    versions: { min: 1 },
    async run(talk) {
      const { fetch, acknowledge } = await shared(talk);
      await fetch({ request: { maxRecords: 3 } });
      await fetch({ member: "other", request: { maxWaitMs: 0 } });
      await acknowledge([[1, 0, accept]]);
      await acknowledge([[0, 0]]);
      await acknowledge([[0, 0, 5]]);
      await acknowledge([[0, 0, -1]]);
      await acknowledge([[0, 2, accept, accept]]);
      await acknowledge([[1, 1, accept], [0, 0, accept]]);
      await acknowledge([[0, 1, accept], [1, 2, accept]]);
      await acknowledge([[7, 9, accept]]);
      await acknowledge([[0, 9, accept]]);
      await acknowledge([[0, 1, accept]], { member: "other" });
      await acknowledge([[0, 0, accept]], { topicId: unknownId });
      await acknowledge([[0, 0, accept]], { partition: 7 });
      await acknowledge([[0, 2, accept]]);
      await acknowledge([[0, 2, accept]]);
    },
  },
  {
    about: ShareAcknowledge,
    name: "the last word",
    versions: { min: 1 },
    async run(talk) {
      const { fetch, acknowledge } = await shared(talk);
      await fetch();
      await acknowledge([[0, 2, accept]], { epoch: -1 });
      await fetch({ member: "other" });
      await acknowledge([[3, 5, accept]], { epoch: 1 });
    },
  },
];
