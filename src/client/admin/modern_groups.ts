// Groups whose members the coordinator assigns, for tools: each kind has a request of its own,
// which not every broker knows.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { ConsumerGroupDescribe } from "../../protocol/apis/69_consumer_group_describe.ts";
import { ShareGroupDescribe } from "../../protocol/apis/77_share_group_describe.ts";
import {
  StreamsGroupDescribe,
  type StreamsGroupDescribeResponse,
} from "../../protocol/apis/89_streams_group_describe.ts";
import type { Client } from "../client.ts";
import type { DescribedGroup } from "./described_group.ts";
import { checkCode, KafkaError, onlyAnswer } from "../faults.ts";
import type { TopicPartition } from "../topic_partition.ts";

/** Who coordinates it, and what for messages say of the question. */
export interface Asking {
  readonly to: BrokerId;
  readonly about: string;
}

/** A group, as far as its kind does not matter. */
interface AnsweredGroup<M extends AnsweredMember> {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupEpoch: number;
  readonly groupState: string;
  readonly assignorName: string | null;
  readonly members: readonly M[];
}

interface AnsweredMember {
  readonly memberId: string;
  /** Members of a share group have none. */
  readonly instanceId?: string | null;
  readonly clientId: string;
  readonly clientHost: string;
}

interface AssignedPartitions {
  readonly assignment: {
    readonly topicPartitions: readonly {
      readonly topicName: string;
      readonly partitions: readonly PartitionId[];
    }[];
  };
}

/** A consumer, share or streams group; undefined when there is none. */
export async function describeModernGroup(
  client: Client,
  groupId: string,
  asking: Asking,
): Promise<DescribedGroup | undefined> {
  return await orNone(() => describeConsumerGroup(client, groupId, asking)) ??
    await orNone(() => describeShareGroup(client, groupId, asking)) ??
    await orNone(() => describeStreamsGroup(client, groupId, asking));
}

/** Undefined where there is no such group, or the broker knows no such groups. */
async function orNone(
  describe: () => Promise<DescribedGroup>,
): Promise<DescribedGroup | undefined> {
  try {
    return await describe();
  } catch (error) {
    const { GROUP_ID_NOT_FOUND, UNSUPPORTED_VERSION } = ErrorCode;
    const isNone = error instanceof KafkaError &&
      (error.errorCode === GROUP_ID_NOT_FOUND || error.errorCode === UNSUPPORTED_VERSION);
    if (isNone) return undefined;
    throw error;
  }
}

/** One that speaks the consumer protocol (KIP-848). */
async function describeConsumerGroup(
  client: Client,
  groupId: string,
  asking: Asking,
): Promise<DescribedGroup> {
  const answer = await client.request(ConsumerGroupDescribe, questionOf(groupId), {
    to: asking.to,
  });
  const group = onlyAnswer(answer.groups, asking.about);
  return described(group, { ...asking, type: "consumer", partitionsOf: assignedTo });
}

/** One whose members share partitions (KIP-932). */
async function describeShareGroup(
  client: Client,
  groupId: string,
  asking: Asking,
): Promise<DescribedGroup> {
  const answer = await client.request(ShareGroupDescribe, questionOf(groupId), { to: asking.to });
  const group = onlyAnswer(answer.groups, asking.about);
  return described(group, { ...asking, type: "share", partitionsOf: assignedTo });
}

/** One of Kafka Streams (KIP-1071): a member has the partitions that its active tasks read. */
async function describeStreamsGroup(
  client: Client,
  groupId: string,
  asking: Asking,
): Promise<DescribedGroup> {
  const answer = await client.request(StreamsGroupDescribe, questionOf(groupId), { to: asking.to });
  const group = onlyAnswer(answer.groups, asking.about);
  return described(group, {
    ...asking,
    type: "streams",
    partitionsOf: ({ assignment }) =>
      assignment.activeTasks.flatMap((task) => partitionsOf(group, task)),
  });
}

function questionOf(groupId: string) {
  return { groupIds: [groupId], includeAuthorizedOperations: false };
}

/** Throws KafkaError where the coordinator refuses to tell. */
function described<M extends AnsweredMember>(
  group: AnsweredGroup<M>,
  { to, about, type, partitionsOf }: Asking & {
    readonly type: "consumer" | "share" | "streams";
    readonly partitionsOf: (member: M) => TopicPartition[];
  },
): DescribedGroup {
  checkCode(group.errorCode, about, group.errorMessage);
  return {
    groupId: group.groupId,
    type,
    epoch: group.groupEpoch,
    state: group.groupState,
    protocolType: type,
    protocol: group.assignorName ?? "",
    coordinator: to,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId ?? null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      partitions: partitionsOf(member),
    })),
  };
}

function assignedTo({ assignment }: AssignedPartitions): TopicPartition[] {
  return assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
    partitions.map((partition) => ({ topic: topicName, partition }))
  );
}

type DescribedStreamsGroup = StreamsGroupDescribeResponse["groups"][number];
type TaskIds = DescribedStreamsGroup["members"][number]["assignment"]["activeTasks"][number];

function partitionsOf(
  { topology }: DescribedStreamsGroup,
  { subtopologyId, partitions }: TaskIds,
): TopicPartition[] {
  const subtopology = topology?.subtopologies?.find((each) => each.subtopologyId === subtopologyId);
  const repartition = subtopology?.repartitionSourceTopics.map(({ name }) => name) ?? [];
  return [...subtopology?.sourceTopics ?? [], ...repartition].flatMap((topic) =>
    partitions.map((partition) => ({ topic, partition }))
  );
}
