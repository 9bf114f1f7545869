// A group as text that is the same for two states from which the same follows: times count from
// now, ids of members in their order of appearance, and nothing that only people read.

import type { GroupTable } from "../../src/coordinator/mod.ts";

/** Fields that decide nothing that a small world looks at. */
const passedOver = new Set(["queuedMs", "stateSinceMs", "timestampMs", "assignmentTimestampMs"]);

/** What decides what may follow, as text; `rest`: what the world knows besides. */
export function groupText(
  { table, nowMs, rest }: { readonly table: GroupTable; nowMs: number; rest: unknown },
): string {
  const text = JSON.stringify([...table.groups.values(), rest], (key, value) => {
    if (passedOver.has(key)) return undefined;
    if (key === "dueMs") return Number.isFinite(value) ? value - nowMs : null;
    // Which number a request has decides nothing.
    if (key === "asked") return true;
    if (value instanceof Map) return ["map", ...value];
    if (value instanceof Set) return ["set", ...value];
    if (value instanceof Uint8Array) return [...value].join();
    return typeof value === "bigint" ? String(value) : value;
  });
  const ids = new Map<string, number>();
  return text.replaceAll(/[cm]-\d+/g, (id) => {
    const number = ids.get(id) ?? ids.size;
    ids.set(id, number);
    return `#${number}`;
  });
}
