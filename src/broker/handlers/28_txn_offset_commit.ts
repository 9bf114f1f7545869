// TxnOffsetCommit: offsets that count once the producer's transaction commits.
//
// Serves: 0-6.
// Behaviour: stored as pending (src/coordinator/groups/offsets/commit.ts), and taken over or
//   dropped by the transaction's marker in the group's partition of __consumer_offsets. A request
//   that would begin the transaction there is verified with its coordinator first, as a batch is.
// Versions: 2 leader epoch; 3 flexible, and who commits, as a member of the group (KIP-447); 4
//   TRANSACTION_ABORTABLE; 5 the group is added to the transaction as well (KIP-890); 6 topic ids
//   (KIP-1319).

import { ZERO_UUID } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { mapSliced } from "../../base/pieces.ts";
import { offsetsTopic } from "../../coordinator/mod.ts";
import { TxnOffsetCommit } from "../../protocol/apis/28_txn_offset_commit.ts";
import { ErrorCode, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import type { GroupShard } from "../coordination/groups.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";
import { partitionOfKey } from "../coordination/shards.ts";
import {
  type TransactionProtocol,
  verifyTransaction,
} from "../transactions/transaction_verification.ts";

type Request = RequestOf<typeof TxnOffsetCommit>;
type Response = ResponseOf<typeof TxnOffsetCommit>;

type Context = RequestContext<"groups" | "transactionClaims" | "metadata" | "topics" | "slices">;

export const txnOffsetCommit = handler(TxnOffsetCommit, {
  serves: "0-6",
  authorise: [
    needs("transactionalId write", { of: "transactionalId" }),
    needs("group read", { of: "groupId" }),
    needs("topic read"),
  ],

  async handle(request, context: Context) {
    const { metadata: { image }, slices } = context.services;
    const byId = context.version >= 6;
    const found = request.topics.map(({ name, topicId }) =>
      byId ? image.topicById(topicId) : image.topic(name)
    );
    const refused = request.topics.map((topic, i) => {
      const name = byId ? found[i]?.name : topic.name;
      return name !== undefined && !context.may("read", { type: "topic", name });
    });
    const exists = (topic: number, partition: number) =>
      !refused[topic] && found[topic]?.partitions[partition] !== undefined;
    const known = await mapSliced(request.topics.entries(), slices, ([i, topic]) => ({
      ...topic,
      name: found[i]?.name ?? topic.name,
      // Without an id the record has the version that every Kafka can read.
      topicId: byId ? topic.topicId : ZERO_UUID,
      partitions: topic.partitions.filter((each) => exists(i, each.partitionIndex)),
    }));
    const stored = await store({ ...request, topics: known }, context);
    const { UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED } = ErrorCode;
    const topics = request.topics.map(({ name, topicId, partitions }, i) => {
      let at = 0;
      const unknown = refused[i]
        ? TOPIC_AUTHORIZATION_FAILED
        : byId && found[i] === undefined
        ? UNKNOWN_TOPIC_ID
        : UNKNOWN_TOPIC_OR_PARTITION;
      return {
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: exists(i, partitionIndex) ? codeOf(stored, i, at++) : unknown,
        })),
      };
    });
    return { topics };
  },

  refuse: ({ topics }, { errorCode }) => ({
    topics: topics.map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});

/** The code of a partition: of its own, or that of the whole request. */
function codeOf(stored: Response | ErrorCode, topic: number, partition: number): ErrorCode {
  if (typeof stored === "number") return stored;
  return (stored.topics[topic]?.partitions[partition]?.errorCode ?? ErrorCode.NONE) as ErrorCode;
}

/** How often a transaction is verified whose producer's last one ends meanwhile. */
const askedMax = 5;

/** Stores what is known of the request; one code where all of it is refused. */
async function store(request: Request, context: Context): Promise<Response | ErrorCode> {
  const { services, version } = context;
  const { groupId, producerId, producerEpoch } = request;
  if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
  if (request.topics.every(({ partitions }) => partitions.length === 0)) return ErrorCode.NONE;
  const shard = await services.groups.of(groupId);
  if (!(shard instanceof Shard)) return shard;
  const protocol = protocolOf(version);
  const isEpochOwn = protocol === "second";
  const begin = () => shard.beginVerification({ producerId, producerEpoch, isEpochOwn });
  const { transactionsAreVerified } = services.topics.logConfig(offsetsTopic);
  let verification = begin();
  for (let asked = 0; verification !== undefined && asked < askedMax; asked++) {
    if (!isEpochOwn && !transactionsAreVerified) break;
    const errorCode = await verify(request, { ...context, protocol });
    if (errorCode !== ErrorCode.NONE) return errorCode;
    if (shard.isResigned) return ErrorCode.NOT_COORDINATOR;
    // What the coordinator said before a marker was written is not true any more.
    const before = verification;
    verification = begin();
    if (verification === before) break;
  }
  return await submit(request, { shard, verification, version });
}

function submit(
  request: Request,
  { shard, verification, version: apiVersion }: {
    shard: GroupShard;
    verification: ReturnType<GroupShard["beginVerification"]>;
    version: number;
  },
): Response | Promise<Response> {
  return shard.submit<Response>(
    (table, at) => table.commitTransactionOffsets(request, { ...at, apiVersion }),
    { verification },
  );
}

function protocolOf(version: number): TransactionProtocol {
  if (version >= 5) return "second";
  return version === 4 ? "abortable" : "older";
}

/** Whether the group's partition is in the transaction, or is now; else what the client is told. */
async function verify(
  { transactionalId, groupId, producerId, producerEpoch }: Request,
  { services, protocol }: Context & { readonly protocol: TransactionProtocol },
): Promise<ErrorCode> {
  const partitionCount = services.metadata.image.topic(offsetsTopic)?.partitions.length ?? 0;
  const partition = partitionOfKey(groupId, partitionCount);
  const partitions = [{ topic: offsetsTopic, partition }];
  const claim = { transactionalId, producerId, producerEpoch, partitions };
  const codes = await verifyTransaction(services.transactionClaims, claim, { protocol });
  const errorCode = itemAt(codes, 0);
  switch (errorCode) {
    // Not the group's coordinator is meant, but the transaction's: to ask again is all there is.
    case ErrorCode.NOT_COORDINATOR:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      return protocol === "second" ? errorCode : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    default:
      return errorCode;
  }
}
