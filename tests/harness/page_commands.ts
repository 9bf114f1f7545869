// The commands that a page has somebody type, block by block, with the machines that it names.
//
//   # on 10.0.0.1                       there
//   # on 10.0.0.1, and on the others    there, and on the others with HERE= and ID= of their own
//
// Invariant: a block is run as it stands: nothing is put in but what the page says is to be.

/** A block of commands. */
export interface PageBlock {
  /** What it is below of. */
  readonly heading: string;
  /** Where it is typed; undefined: anywhere. */
  readonly host: string | undefined;
  /** Whether it is typed on the others as well. */
  readonly isForAll: boolean;
  readonly script: string;
}

/** The blocks of a page in its order. */
export function blocksOf(page: string): PageBlock[] {
  let heading = "";
  const found: PageBlock[] = [];
  for (const [, next, script = ""] of page.matchAll(/^#+ ([^\n]*)$|^```sh\n(.*?)^```$/gms)) {
    if (next !== undefined) {
      heading = next;
      continue;
    }
    const [, host, more] = /^# on ([\d.]+)(, and on the others)?/.exec(script) ?? [];
    found.push({ heading, host, isForAll: more !== undefined, script });
  }
  return found;
}

/** A block as it is typed on another machine. */
export function typedOn({ script }: PageBlock, { host, id }: { host: string; id: number }): string {
  return script.replace(/^HERE=\S+/m, `HERE=${host}`).replace(/^(HERE=\S+ )ID=\d+/m, `$1ID=${id}`);
}

/** The words of each command of ours in a block. */
export function ottlaCommandsOf({ script }: PageBlock): string[][] {
  return script.replace(/\\\n/g, " ").split("\n")
    .map((line) => line.replace(/(^| {2,})#.*$/, ""))
    .flatMap((line) => line.split("|"))
    .map((part) => part.trim().split(/ +/))
    .filter(([program]) => program === "ottla")
    .map(([, ...words]) => words);
}
