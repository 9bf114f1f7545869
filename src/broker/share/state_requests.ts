// Answers requests of brokers about share partitions' states: each partition goes to the shard that
// keeps its state, and has an answer of its own.

import type { PartitionId, Uuid } from "../../base/ids.ts";
import { mapSliced, type WorkSlices } from "../../base/pieces.ts";
import type { MetadataStore } from "../../cluster/mod.ts";
import type { ShareStateQuestion } from "../../coordinator/mod.ts";
import type { ErrorCode } from "../../protocol/mod.ts";
import type { ReadAnswer, SharePersister, StateAnswer } from "./persister.ts";

/** What answering needs of a broker. */
export interface StateServices {
  readonly shareStates: SharePersister;
  readonly metadata: Pick<MetadataStore, "image">;
  readonly slices: WorkSlices;
}

interface StateRequest<P extends { readonly partition: PartitionId }> {
  readonly groupId: string;
  readonly topics: readonly { readonly topicId: Uuid; readonly partitions: readonly P[] }[];
}

/**
 * What `answer` makes of each partition of `request`, by topic; nothing where it names no group or
 * a topic without partitions.
 */
export async function answerEach<P extends { readonly partition: PartitionId }, R>(
  { metadata, slices }: StateServices,
  { groupId, topics }: StateRequest<P>,
  answer: (asked: P, question: ShareStateQuestion) => Promise<R>,
) {
  if (groupId === "" || topics.some(({ partitions }) => partitions.length === 0)) return [];
  const results = [];
  for (const { topicId, partitions } of topics) {
    const topic = metadata.image.topicById(topicId);
    const answers = await mapSliced(partitions, slices, async (asked) => {
      const { partition } = asked;
      const exists = topic?.partitions[partition] !== undefined;
      const result = await answer(asked, { key: { groupId, topicId, partition }, exists });
      return { partition, ...result };
    });
    results.push({ topicId, partitions: answers });
  }
  return results;
}

/** The same code for all that was asked about, and `nothing` of any state. */
export function refuseStates<Nothing>(
  { topics }: Pick<StateRequest<{ readonly partition: PartitionId }>, "topics">,
  { errorCode, errorMessage }: { readonly errorCode: ErrorCode; readonly errorMessage: string },
  nothing: Nothing,
) {
  return {
    results: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => {
        return { partition, errorCode, errorMessage, ...nothing };
      }),
    })),
  };
}

/** An answer without the state. */
export function bare({ errorCode, errorMessage }: ReadAnswer | StateAnswer) {
  return { errorCode, errorMessage };
}
