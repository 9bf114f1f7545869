// Whether a mutant is noticed: histories with it, by seed, until one of them breaks a law.

import { runHistory } from "./history.ts";
import type { ClusterMutant } from "./mutants.ts";

export interface Hunted {
  /** Of the first history that breaks a law; undefined: none did. */
  readonly seed: number | undefined;
  /** The law. */
  readonly law: string | undefined;
}

/** Runs histories from the first seed on, with what is wrong. */
export async function hunt({ wrong, options, seedsMax }: ClusterMutant): Promise<Hunted> {
  const mend = wrong?.();
  try {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { broken: [law] } = await runHistory({
        home: "memory",
        troubles: 10,
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
