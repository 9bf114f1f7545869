// Members of a share group: each reads a few records at a time, accepts most of them, releases or
// rejects some, forgets others until their locks run out.
//
//   heartbeats, on one connection      tell what to read
//   fetches and words, on another      one that breaks takes all that the member holds with it

import type { Client } from "../../src/client/mod.ts";
import { KafkaError } from "../../src/client/mod.ts";
import { ConnectionFault, PlatformFault } from "../../src/base/faults.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../src/protocol/apis/79_share_acknowledge.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { type Actor, ask, type Life } from "./actor.ts";

export interface ShareMemberOptions {
  readonly groupId: string;
  readonly topic: string;
}

/** A record that a member holds. */
interface Held {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

const [accept, release, reject] = [1, 2, 3];
/** So often in a row there must have been nothing. */
const idleFetches = 12;

export class ShareMember implements Actor {
  readonly name: string;
  readonly #options: ShareMemberOptions;
  #fetchesWithout = 0;

  constructor(name: string, options: ShareMemberOptions) {
    this.name = name;
    this.#options = options;
  }

  /** It has found nothing to read for longer than a lock lasts. */
  get isIdle(): boolean {
    return this.#fetchesWithout >= idleFetches;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    while (!life.isOver) {
      const stay = new ShareStay(client, { ...this.#options, life });
      this.#fetchesWithout = 0;
      while (!life.isOver) {
        if (life.isTroubled && life.random.chance(0.02)) break;
        await stay.beat();
        const found = await stay.read();
        // What is idle while others are killed may have to do again.
        const isIdle = found === 0 && !life.isTroubled;
        this.#fetchesWithout = isIdle ? this.#fetchesWithout + 1 : 0;
        await life.passSome(100, 500);
      }
      await stay.leave();
    }
    client.close();
  }
}

/** A member from its joining to its leaving. */
class ShareStay {
  readonly #client: Client;
  readonly #options: ShareMemberOptions & { readonly life: Life };
  readonly #memberId: string;
  readonly #lane: string;
  #epoch = 0;
  #sessionEpoch = 0;
  #partitions: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] = [];
  #held: Held[] = [];

  constructor(client: Client, options: ShareMemberOptions & { readonly life: Life }) {
    this.#client = client;
    this.#options = options;
    this.#memberId = options.life.newName();
    this.#lane = client.newLane("share");
  }

  async beat(): Promise<void> {
    const answer = await this.#heartbeat(this.#epoch);
    if (answer.errorCode === ErrorCode.NONE) {
      this.#epoch = answer.memberEpoch;
      if (answer.assignment === null) return;
      this.#partitions = answer.assignment.topicPartitions;
      this.#beginSession();
    } else if (fencedCodes.has(answer.errorCode)) {
      this.#epoch = 0;
      this.#partitions = [];
      this.#beginSession();
    } else throw new Error(`a member of a share group is told ${answer.errorCode}`);
  }

  /** Reads, and says what becomes of what it has: how many records there were. */
  async read(): Promise<number> {
    if (this.#partitions.length === 0) return 0;
    try {
      await this.#acknowledge();
      return await this.#fetch();
    } catch (error) {
      const isLost = error instanceof ConnectionFault || error instanceof PlatformFault ||
        error instanceof KafkaError;
      if (!isLost) throw error;
      this.#beginSession();
      return 0;
    }
  }

  async leave(): Promise<void> {
    this.#client.closeLane(this.#lane);
    if (this.#epoch > 0) await this.#heartbeat(-1);
  }

  #heartbeat(memberEpoch: number) {
    const { groupId, topic } = this.#options;
    return ask(this.#client, ShareGroupHeartbeat, {
      // Whoever does not know what was heard of it says everything.
      message: (isRepeated) => ({
        groupId,
        memberId: this.#memberId,
        memberEpoch,
        rackId: null,
        subscribedTopicNames: memberEpoch === 0 || isRepeated ? [topic] : null,
      }),
      codeOf: ({ errorCode }) => errorCode,
    });
  }

  async #fetch(): Promise<number> {
    const { groupId } = this.#options;
    const isFirst = this.#sessionEpoch === 0;
    const answer = await this.#client.request(ShareFetch, {
      groupId,
      memberId: this.#memberId,
      shareSessionEpoch: this.#sessionEpoch,
      maxWaitMs: 50,
      minBytes: 1,
      maxRecords: 5,
      batchSize: 5,
      shareAcquireMode: 1,
      isRenewAck: false,
      topics: !isFirst ? [] : this.#partitions.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          acknowledgementBatches: [],
        })),
      })),
      forgottenTopicsData: [],
    }, { to: "any", lane: this.#lane });
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#beginSession();
      return 0;
    }
    this.#sessionEpoch++;
    let found = 0;
    for (const { topicId, partitions } of answer.responses) {
      for (const { partitionIndex: partition, acquiredRecords } of partitions) {
        for (const { firstOffset, lastOffset } of acquiredRecords) {
          for (let offset = Number(firstOffset); offset <= Number(lastOffset); offset++) {
            this.#held.push({ topicId, partition, offset });
            found++;
          }
        }
      }
    }
    return found;
  }

  async #acknowledge(): Promise<void> {
    const { groupId, life } = this.#options;
    const said = this.#held.flatMap((held) => {
      const type = this.#typeFor(life);
      return type === undefined ? [] : [{ ...held, type }];
    });
    // What it says nothing about it forgets: the lock runs out.
    this.#held = [];
    if (said.length === 0) return;
    const partitions = Map.groupBy(said, ({ topicId, partition }) => `${topicId} ${partition}`);
    const answer = await this.#client.request(ShareAcknowledge, {
      groupId,
      memberId: this.#memberId,
      shareSessionEpoch: this.#sessionEpoch,
      isRenewAck: false,
      topics: [...partitions.values()].map((records) => ({
        topicId: records[0]!.topicId,
        partitions: [{
          partitionIndex: records[0]!.partition,
          acknowledgementBatches: records.map(({ offset, type }) => ({
            firstOffset: offset,
            lastOffset: offset,
            acknowledgeTypes: [type],
          })),
        }],
      })),
    }, { to: "any", lane: this.#lane });
    if (answer.errorCode === ErrorCode.NONE) this.#sessionEpoch++;
    else this.#beginSession();
  }

  #typeFor({ random, isTroubled }: Life): number | undefined {
    if (!isTroubled) return accept;
    if (random.chance(0.08)) return undefined;
    if (random.chance(0.2)) return release;
    return random.chance(0.05) ? reject : accept;
  }

  #beginSession(): void {
    this.#sessionEpoch = 0;
    this.#held = [];
  }
}

const fencedCodes: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.GROUP_ID_NOT_FOUND,
]);
