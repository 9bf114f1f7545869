// The topics that a topology of Kafka Streams names.

/** A topology, as far as its topics go. */
interface NamingTopology {
  readonly subtopologies:
    | readonly {
      readonly sourceTopics: readonly string[];
      readonly repartitionSinkTopics: readonly string[];
      readonly repartitionSourceTopics: readonly { readonly name: string }[];
      readonly stateChangelogTopics: readonly { readonly name: string }[];
    }[]
    | null;
}

/** Each of them once. */
export function topicsOfTopology(topology: NamingTopology | null | undefined): string[] {
  const names = (topology?.subtopologies ?? []).flatMap((each) => [
    ...each.sourceTopics,
    ...each.repartitionSinkTopics,
    ...each.repartitionSourceTopics.map(({ name }) => name),
    ...each.stateChangelogTopics.map(({ name }) => name),
  ]);
  return [...new Set(names)];
}
