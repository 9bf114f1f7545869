// The folder that a path leads through, and the name behind it, by the separators of the system:
// "\" is one on Windows, and a character of a name elsewhere.
//
//   /var/lib/ottla  -->  /var/lib, ottla        ottla-data  -->  ., ottla-data

import type { Files } from "../../runtime/ports.ts";

type Separated = Pick<Files, "separators">;

/** The folder that `path` is in; the root and "." are in themselves. */
export function parentOf(path: string, files: Separated): string {
  const trimmed = withoutEnd(path, files);
  const cut = lastSeparator(trimmed, files);
  if (cut < 0) return trimmed === "" ? trimmed : ".";
  return cut === 0 ? trimmed.slice(0, 1) : trimmed.slice(0, cut);
}

/** What `path` is called in that folder. */
export function nameOf(path: string, files: Separated): string {
  const trimmed = withoutEnd(path, files);
  return trimmed.slice(lastSeparator(trimmed, files) + 1);
}

/** `path` as a folder's name begins a file's: with no separator at its end. */
export function withoutEnd(path: string, { separators }: Separated): string {
  let end = path.length;
  while (end > 1 && separators.includes(path.charAt(end - 1))) end--;
  return path.slice(0, end);
}

function lastSeparator(path: string, { separators }: Separated): number {
  return Math.max(...[...separators].map((each) => path.lastIndexOf(each)));
}
