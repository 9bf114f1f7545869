// A kind of worlds that is walked: what it takes to add one is an entry in kinds.ts.

import type { World } from "./walker.ts";

/** Worlds that are alike, and what can be wrong in them. */
export interface WalkedKind {
  readonly name: string;
  /** By what is in them. */
  readonly worlds: Readonly<Record<string, WalkedWorld>>;
  /** A walk of so many events takes a test seconds. */
  readonly eventsInTests: number;
  /** By what is wrong: each breaks a law within 2,000 seeds. */
  readonly mutants: Readonly<Record<string, Mutant>>;
}

/** The same world twice. */
export interface WalkedWorld {
  /** With so little that can happen that it is walked whole. */
  readonly small: () => World;
  /** With all that can happen, to be wandered through. */
  readonly wide: () => World;
}

/** A world in which something is wrong. */
export interface Mutant {
  readonly newWorld: () => World;
  /** The words of the law that it must break. */
  readonly breaks: RegExp;
}

/** A coordinator's table of which some methods are others. */
export function mutant<Table extends object>(
  change: (table: Table) => Partial<Table>,
): (table: Table) => Table {
  return (table) => {
    const changed = change(table) as Record<PropertyKey, unknown>;
    return new Proxy(table, {
      get(target, name) {
        if (name in changed) return changed[name];
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}
