// Which topics and partitions a message is about, whatever its API: Kafka's messages name them in
// the same few ways.
//
//   Produce   topicData: [{ name, partitionData: [{ index }] }]
//   Metadata  topics: [{ name, topicId }]          DeleteTopics  topicNames: ["orders"]
//   OffsetFetch v8   groups: [{ groupId, topics: [{ name, partitionIndexes: [0, 1] }] }]

/** A decoded message, or a part of one. */
export type Struct = Readonly<Record<string, unknown>>;

/** A partition, or with `partition` undefined a topic as a whole. */
export interface Place {
  readonly topic: string;
  readonly partition: number | undefined;
}

const topicLists = ["topics", "topicData", "topicNames", "topicPartitions", "responses"] as const;
const moreTopicLists = ["v3AndBelowTopics", "resultsByTopicV3AndBelow", "topicResults"] as const;
/** Lists whose items have lists of topics. */
const outerLists = ["groups", "transactions", "resultsByTransaction"] as const;
const partitionLists = [
  "partitions",
  "partitionData",
  "partitionIndexes",
  "partitionResponses",
  "resultsByPartition",
] as const;

/** What turns an id of a topic into its name. */
export type NameOfId = (topicId: string) => string | undefined;

/** `message` without the places that `keeps` says no to, and how many were kept and dropped. */
export function filterPlaces(
  message: Struct,
  { keeps, nameOfId }: { readonly keeps: (place: Place) => boolean; readonly nameOfId: NameOfId },
): { readonly message: Struct; readonly kept: number; readonly dropped: number } {
  const count = { kept: 0, dropped: 0 };
  const judged = (place: Place): boolean => {
    const isKept = keeps(place);
    count[isKept ? "kept" : "dropped"]++;
    return isKept;
  };
  const ofStruct = (struct: Struct): Struct => {
    const changed: Record<string, unknown> = { ...struct };
    for (const name of [...topicLists, ...moreTopicLists]) {
      const list = struct[name];
      if (Array.isArray(list)) changed[name] = list.flatMap((topic) => ofTopic(topic));
    }
    for (const name of outerLists) {
      const list = struct[name];
      if (Array.isArray(list) && list.every(isStruct)) changed[name] = list.map(ofStruct);
    }
    return changed;
  };
  const ofTopic = (topic: unknown): unknown[] => {
    const name = topicOf(topic, nameOfId);
    if (name === undefined) return [topic];
    const list = isStruct(topic) ? partitionListOf(topic) : undefined;
    if (!isStruct(topic) || list === undefined) {
      return judged({ topic: name, partition: undefined }) ? [topic] : [];
    }
    const all = topic[list] as readonly unknown[];
    const kept = all.filter((each) => judged({ topic: name, partition: partitionOf(each) }));
    return kept.length > 0 || all.length === 0 ? [{ ...topic, [list]: kept }] : [];
  };
  return { message: ofStruct(message), ...count };
}

/** Every place that `message` names. */
export function placesIn(message: Struct, nameOfId: NameOfId): Place[] {
  const places: Place[] = [];
  filterPlaces(message, {
    keeps: (place) => {
      places.push(place);
      return true;
    },
    nameOfId,
  });
  return places;
}

/** The items of two answers of one API to parts of a request, as one answer to all of it. */
export function mergeAnswers(one: Struct, other: Struct): Struct {
  const merged: Record<string, unknown> = { ...one };
  for (const [name, list] of Object.entries(other)) {
    const mine = one[name];
    if (!Array.isArray(list)) continue;
    merged[name] = Array.isArray(mine) ? mergeItems(mine, list) : list;
  }
  return merged;
}

function mergeItems(mine: readonly unknown[], theirs: readonly unknown[]): unknown[] {
  const merged = [...mine];
  for (const item of theirs) {
    const at = merged.findIndex((each) => isSameItem(each, item));
    const same = merged[at];
    if (isStruct(same) && isStruct(item)) merged[at] = mergeAnswers(same, item);
    else merged.push(item);
  }
  return merged;
}

/** Whether both are of the same topic, group or transaction; partitions are never two. */
function isSameItem(one: unknown, other: unknown): boolean {
  if (!isStruct(one) || !isStruct(other)) return false;
  const names = ["name", "topic", "topicId", "groupId", "transactionalId"];
  const known = names.filter((name) => name in one && name in other);
  return known.length > 0 && known.every((name) => one[name] === other[name]);
}

function isStruct(value: unknown): value is Struct {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}

function topicOf(topic: unknown, nameOfId: NameOfId): string | undefined {
  if (typeof topic === "string") return topic;
  if (!isStruct(topic)) return undefined;
  const name = topic.name ?? topic.topic ?? topic.topicName;
  if (typeof name === "string" && name !== "") return name;
  return typeof topic.topicId === "string" ? nameOfId(topic.topicId) : undefined;
}

function partitionListOf(topic: Struct): string | undefined {
  return partitionLists.find((name) => Array.isArray(topic[name]));
}

function partitionOf(partition: unknown): number | undefined {
  const index = isStruct(partition)
    ? partition.index ?? partition.partition ?? partition.partitionIndex
    : partition;
  return typeof index === "number" ? index : undefined;
}
