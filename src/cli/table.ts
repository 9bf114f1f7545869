// Tables for people: a header in capitals, two spaces between columns, numbers to the right.
// Names of groups and clients are anybody's choice: none of them may end a line or color it.

import type { Int64 } from "../base/int64.ts";
import { escaped, escapedJson } from "../base/visible.ts";

/** A cell; undefined prints as `-`. */
export type Cell = string | Int64 | undefined;

/** Lines of a table with one column per entry of `header`, each line ended. */
export function renderTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = rows.map((row) => row.map((cell) => cell === undefined ? "-" : escaped(`${cell}`)));
  const numeric = header.map((_, column) =>
    rows.length > 0 &&
    rows.every((row) => row[column] === undefined || typeof row[column] !== "string")
  );
  const width = header.map((name, column) =>
    text.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), name.length)
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        numeric[column] ? cell.padStart(width[column] ?? 0) : cell.padEnd(width[column] ?? 0)
      )
      .join("  ")
      .trimEnd();
  return [line(header.map((name) => name.toUpperCase())), ...text.map(line), ""].join("\n");
}

/**
 * `value` as indented JSON with its line ended. An integer past 2^53 is its digits as a string,
 * since most readers of JSON would round the number.
 */
export function renderJson(value: unknown): string {
  const exact = (_: string, each: unknown) => typeof each === "bigint" ? String(each) : each;
  return escapedJson(JSON.stringify(value, exact, 2)) + "\n";
}
