// A member of a share group by raw requests: it keeps its session's epoch, names what it reads, and
// says what became of records.
//
//   using member = await ShareMember.join(client, { groupId, topicId });
//   const { told, values } = await member.fetch();      told: "0-9 x1", what it holds from now on
//   await member.acknowledge([0, 9, accept]);

import { assertEquals } from "@std/assert";
import { ErrorCode, FindCoordinator, type ResponseOf } from "../../src/protocol/mod.ts";
import { ShareAcknowledge } from "../../src/protocol/apis/79_share_acknowledge.ts";
import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import {
  InitializeShareGroupState,
} from "../../src/protocol/apis/83_initialize_share_group_state.ts";
import type { RawClient } from "./raw_client.ts";
import { recordsOf } from "./raw_requests.ts";

/** First and last offset, and a type for all of them or for each. */
export type Said = readonly [firstOffset: number, lastOffset: number, ...types: number[]];

export const [gap, accept, release, reject, renew] = [0, 1, 2, 3, 4];

export interface ShareFetchOptions {
  readonly said?: readonly Said[];
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly maxRecords?: number;
  readonly batchSize?: number;
  readonly isStrict?: boolean;
  readonly isRenewAck?: boolean;
  readonly epoch?: number;
  readonly version?: number;
  /** Names no partition: what the session has. */
  readonly isNamed?: boolean;
}

/** What a partition was answered. */
export type ShareAnswer = ResponseOf<
  typeof ShareFetch
>["responses"][number]["partitions"][number];

/** Has the group begin in a partition, as its coordinator does when a member subscribes. */
export async function beginSharing(
  client: RawClient,
  { groupId, topicId, startOffset = 0, stateEpoch = 1, partition = 0 }: {
    readonly groupId: string;
    readonly topicId: string;
    readonly startOffset?: number;
    readonly stateEpoch?: number;
    readonly partition?: number;
  },
): Promise<void> {
  const coordinatorKeys = [`${groupId}:${topicId}:${partition}`];
  const found = await client.ask(FindCoordinator, 6, { keyType: 2, coordinatorKeys });
  assertEquals(found.coordinators[0]?.errorCode, ErrorCode.NONE);
  const answer = await client.ask(InitializeShareGroupState, 0, {
    groupId,
    topics: [{ topicId, partitions: [{ partition, stateEpoch, startOffset }] }],
  });
  assertEquals(answer.results[0]?.partitions[0]?.errorCode, ErrorCode.NONE);
}

export class ShareMember {
  readonly groupId: string;
  readonly memberId: string;
  readonly topicId: string;
  /** What its next request says. */
  epoch = 0;
  readonly #client: RawClient;

  constructor(
    client: RawClient,
    { groupId, topicId, memberId }: {
      readonly groupId: string;
      readonly topicId: string;
      readonly memberId: string;
    },
  ) {
    this.#client = client;
    this.groupId = groupId;
    this.topicId = topicId;
    this.memberId = memberId;
  }

  /** One ShareFetch, as it is answered. */
  async ask(options: ShareFetchOptions = {}) {
    const { said = [], version = 2, isNamed = this.epoch === 0 } = options;
    const { groupId, memberId, topicId } = this;
    const epoch = options.epoch ?? this.epoch;
    const isReading = options.isRenewAck !== true;
    const answer = await this.#client.ask(ShareFetch, version, {
      groupId,
      memberId,
      shareSessionEpoch: epoch,
      maxWaitMs: options.maxWaitMs ?? 0,
      minBytes: options.minBytes ?? (isReading ? 1 : 0),
      maxBytes: options.maxBytes ?? (isReading ? 1_000_000 : 0),
      maxRecords: options.maxRecords ?? (isReading ? 500 : 0),
      batchSize: options.batchSize ?? 500,
      shareAcquireMode: options.isStrict ? 1 : 0,
      isRenewAck: options.isRenewAck ?? false,
      topics: isNamed || said.length > 0
        ? [{
          topicId,
          partitions: [{ partitionIndex: 0, acknowledgementBatches: batchesOf(said) }],
        }]
        : [],
      forgottenTopicsData: [],
    });
    if (answer.errorCode === ErrorCode.NONE) this.epoch = epoch + 1;
    return answer;
  }

  /** Reads, and tells what it holds from now on. */
  async fetch(options: ShareFetchOptions = {}) {
    const answer = await this.ask(options);
    assertEquals([answer.errorCode, answer.errorMessage], [ErrorCode.NONE, null]);
    const partition = answer.responses[0]?.partitions[0];
    const errorCode = partition?.errorCode ?? ErrorCode.NONE;
    assertEquals(errorCode, ErrorCode.NONE);
    const acquired = partition?.acquiredRecords ?? [];
    return {
      told: acquired.map(({ firstOffset, lastOffset, deliveryCount }) =>
        `${firstOffset}-${lastOffset} x${deliveryCount}`
      ),
      acquired: acquired.map(({ firstOffset, lastOffset, deliveryCount }) => ({
        firstOffset: Number(firstOffset),
        lastOffset: Number(lastOffset),
        deliveryCount,
      })),
      values: partition === undefined
        ? []
        : recordsOf(partition).filter(([offset]) =>
          acquired.some(({ firstOffset, lastOffset }) =>
            firstOffset <= offset && offset <= lastOffset
          )
        ).map(([, value]) => value),
      acknowledged: partition?.acknowledgeErrorCode ?? ErrorCode.NONE,
    };
  }

  /** Says what became of records: the partition's code. */
  async acknowledge(...said: readonly Said[]): Promise<ErrorCode> {
    const { errorCode, responses } = await this.askAcknowledge({ said });
    assertEquals(errorCode, ErrorCode.NONE);
    return responses[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE;
  }

  /** Leaves, with a last word. */
  async leave(...said: readonly Said[]): Promise<void> {
    const { errorCode } = await this.askAcknowledge({ said, epoch: -1 });
    assertEquals(errorCode, ErrorCode.NONE);
    this.epoch = 0;
  }

  /** One ShareAcknowledge, as it is answered. */
  async askAcknowledge(
    { said, epoch = this.epoch }: { readonly said: readonly Said[]; readonly epoch?: number },
  ) {
    const { groupId, memberId, topicId } = this;
    const partitions = [{ partitionIndex: 0, acknowledgementBatches: batchesOf(said) }];
    const answer = await this.#client.ask(ShareAcknowledge, 2, {
      groupId,
      memberId,
      shareSessionEpoch: epoch,
      isRenewAck: said.some(([, , ...types]) => types.includes(renew)),
      topics: said.length === 0 ? [] : [{ topicId, partitions }],
    });
    if (answer.errorCode === ErrorCode.NONE) this.epoch = epoch + 1;
    return answer;
  }
}

function batchesOf(said: readonly Said[]) {
  return said.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
    firstOffset,
    lastOffset,
    acknowledgeTypes,
  }));
}
