// The topics that groups may be assigned, out of the metadata.

import type { MetadataImage, TopicImage } from "../../cluster/mod.ts";
import type { GroupTopic, GroupTopics } from "../../coordinator/mod.ts";

/** The topics of the image that `image` gives at that moment. */
export function groupTopicsOf(image: () => MetadataImage): GroupTopics {
  const found = (topic: TopicImage | undefined): GroupTopic | undefined =>
    topic === undefined ? undefined : groupTopic(topic, image);
  return {
    get version() {
      return image().lastOffset;
    },
    byName: (name) => found(image().topic(name)),
    byId: (id) => found(image().topicById(id)),
    *names() {
      for (const { name } of image().topics()) yield name;
    },
  };
}

function groupTopic({ name, id, partitions }: TopicImage, image: () => MetadataImage): GroupTopic {
  return {
    name,
    id,
    partitionCount: partitions.length,
    racksOf: (partition) =>
      (partitions[partition]?.replicas ?? []).flatMap((broker) =>
        image().broker(broker)?.rack ?? []
      ),
  };
}
