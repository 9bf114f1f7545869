// The small worlds of groups: of the classic protocol, of the consumer protocol, of both.

import {
  mutantsOf,
  wrongWithChanges,
  wrongWithClassicGroups,
  wrongWithConsumerGroups,
} from "./group_mutants.ts";
import { GroupWorld, type GroupWorldOptions } from "./group_world.ts";
import type { WalkedKind } from "./kind.ts";

type Options = Omit<GroupWorldOptions, "fates">;

const fates = ["lost", "slow", "refused", "crash"] as const;

const worldsOf = (worlds: Readonly<Record<string, Options>>): WalkedKind["worlds"] =>
  Object.fromEntries(
    Object.entries(worlds).map(([name, options]) => [name, {
      small: () => new GroupWorld({ ...options, fates: ["refused"] }),
      wide: () => new GroupWorld({ ...options, fates }),
    }]),
  );

export const groupKinds: readonly WalkedKind[] = [
  {
    name: "classic groups",
    worlds: worldsOf({
      "three members": { clients: ["classic", "classic", "classic"] },
      "two static members": { clients: ["static classic", "static classic"] },
    }),
    eventsInTests: 4,
    mutants: mutantsOf(
      { clients: ["classic", "classic"], fates },
      wrongWithClassicGroups,
    ),
  },
  {
    name: "consumer groups",
    worlds: worldsOf({
      "three members": { clients: ["consumer", "consumer", "consumer"] },
      "two static members": { clients: ["static consumer", "static consumer"] },
      "a topic that grows": { clients: ["consumer", "consumer"], grows: true },
    }),
    eventsInTests: 4,
    mutants: mutantsOf(
      { clients: ["consumer", "consumer"], fates },
      wrongWithConsumerGroups,
    ),
  },
  {
    name: "groups that change their protocol",
    worlds: worldsOf({
      "one member of each": { clients: ["classic", "consumer"] },
      "two members of each": { clients: ["classic", "classic", "consumer", "consumer"] },
    }),
    eventsInTests: 4,
    mutants: mutantsOf({ clients: ["classic", "consumer"], fates }, wrongWithChanges),
  },
];
