// The cells of the client matrix, passed from the tests, which run in workers and in any order, to
// matrix.ts, which prints them: one file per client in the folder that OTTLA_MATRIX names.
//
//   .cache/matrix/kafkajs.jsonl   {"client":"kafkajs","scenario":"deletes a topic","outcome":...}
//
// Without the variable nothing is recorded: a single test run by hand is no statement.

/** What became of one scenario with one client. */
export interface Cell {
  readonly client: string;
  readonly version: string;
  readonly scenario: string;
  readonly outcome: "pass" | "fail" | "lacks" | "skipped";
  /** Why it did not pass. */
  readonly reason: string;
}

/** The environment variable that names the folder. */
export const folderVariable = "OTTLA_MATRIX";

/** Adds a cell, if anybody wants to know. */
export function recordCell(cell: Cell): void {
  const folder = Deno.env.get(folderVariable);
  if (!folder) return;
  const path = `${folder}/${cell.client.replaceAll("/", "-")}.jsonl`;
  Deno.writeTextFileSync(path, `${JSON.stringify(cell)}\n`, { append: true });
}

/** All cells of a run. */
export function readCells(folder: string): Cell[] {
  const files = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".jsonl"));
  return files.flatMap(({ name }) => {
    const lines = Deno.readTextFileSync(`${folder}/${name}`).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Cell);
  });
}
