// Whether a mutant is noticed: histories with it, by seed, until one of them breaks a law.

import { runHistory } from "./history.ts";
import type { ClusterMutant } from "./mutants.ts";
import { commonKinds } from "./troubles.ts";

/** By then a mutant must be found where nothing happens but what it cannot bear. */
const aimedSeedsMax = 60;

export interface Hunted {
  /** Of the first history that breaks a law; undefined: none did. */
  readonly seed: number | undefined;
  /** The law. */
  readonly law: string | undefined;
}

/**
 * Runs histories from the first seed on, with what is wrong. `isAimed`: nothing else goes wrong in
 * them but what the mutant cannot bear.
 */
export async function hunt(
  { wrong, options, aim = [], seedsMax }: ClusterMutant,
  { isAimed }: { readonly isAimed: boolean },
): Promise<Hunted> {
  const mend = wrong?.();
  try {
    const last = isAimed ? Math.min(seedsMax, aimedSeedsMax) : seedsMax;
    for (let seed = 1; seed <= last; seed++) {
      const { broken: [law] } = await runHistory({
        home: "memory",
        troubles: 10,
        kinds: isAimed && aim.length > 0 ? aim : [...new Set([...commonKinds, ...aim])],
        ...options,
        seed,
      });
      if (law !== undefined) return { seed, law };
    }
    return { seed: undefined, law: undefined };
  } finally {
    mend?.();
  }
}
