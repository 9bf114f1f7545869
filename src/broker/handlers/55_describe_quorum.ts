// DescribeQuorum: who keeps the metadata log (KIP-595).
//
// Serves: 0-2.
// Behaviour: whoever takes changes of the metadata, as the one voter and leader that clients are
//   told of; the other brokers that live follow it, as observers. Any other topic is not hosted.
// Versions: 1 when each voter was last heard of (KIP-836); 2 error messages, the nodes' addresses
//   (KIP-853). Where Kafka names the controllers' own listener, clients are told this one.
// Differs from Kafka: a broker knows only its own progress in the metadata log: the offsets and
//   times of other observers are -1.

import { type BrokerId, ZERO_UUID } from "../../base/ids.ts";
import { DescribeQuorum } from "../../protocol/apis/55_describe_quorum.ts";
import { ErrorCode, errorMessage, type ResponseInput } from "../../protocol/mod.ts";
import { metadataTopic } from "../../cluster/mod.ts";
import { needs } from "../access/authorizer.ts";
import { type BrokerAddress, ClusterView } from "../leadership/cluster_view.ts";
import { handler, type RequestContext } from "../handler.ts";

type Topic = ResponseInput<typeof DescribeQuorum>["topics"][number];

type Context = RequestContext<"nodeId" | "metadata" | "clock" | "metadataDirectoryId">;

const unknown = { logEndOffset: -1, lastFetchTimestamp: -1, lastCaughtUpTimestamp: -1 };

export const describeQuorum = handler(DescribeQuorum, {
  serves: "0-2",
  authorise: [needs("cluster describe")],

  handle(request, context: Context) {
    const topics = request.topics.map(({ topicName, partitions }): Topic => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) =>
        topicName === metadataTopic && partitionIndex === 0
          ? metadataPartition(context)
          : notHosted(partitionIndex)
      ),
    }));
    const isAboutMetadata = topics.some(({ partitions }) =>
      partitions.some(({ errorCode }) => errorCode === ErrorCode.NONE)
    );
    const { services, session } = context;
    const leader = new ClusterView(services, session.listener)
      .broker(services.metadata.controllerId);
    const nodes = isAboutMetadata && leader !== undefined ? [nodeOf(leader)] : [];
    return { errorCode: ErrorCode.NONE, errorMessage: "", topics, nodes };
  },

  refuse: (_, { errorCode, errorMessage: why }) => ({ errorCode, errorMessage: why, topics: [] }),
});

function nodeOf({ nodeId, host, port }: BrokerAddress) {
  return { nodeId, listeners: [{ name: "CONTROLLER", host, port }] };
}

function metadataPartition({ services }: Context): Topic["partitions"][number] {
  const logEndOffset = services.metadata.image.lastOffset + 1;
  const nowMs = services.clock.now();
  const { controllerId, leaderEpoch, image } = services.metadata;
  const known = { logEndOffset, lastFetchTimestamp: nowMs, lastCaughtUpTimestamp: nowMs };
  const replicaOf = (replicaId: BrokerId) => ({
    replicaId,
    replicaDirectoryId: replicaId === services.nodeId ? services.metadataDirectoryId : ZERO_UUID,
    ...replicaId === services.nodeId || replicaId === controllerId ? known : unknown,
  });
  const others = [...image.brokers()].filter(({ id, fenced }) => id !== controllerId && !fenced);
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: "",
    leaderId: controllerId,
    leaderEpoch,
    highWatermark: logEndOffset,
    currentVoters: [replicaOf(controllerId)],
    observers: others.map(({ id }) => replicaOf(id)),
  };
}

function notHosted(partitionIndex: number): Topic["partitions"][number] {
  const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return {
    partitionIndex,
    errorCode,
    errorMessage: errorMessage(errorCode),
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  };
}
