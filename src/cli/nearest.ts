// What somebody may have meant by a word that is none of those known.

/** `. Did you mean X?` when one of `known` is near `word`, otherwise nothing. */
export function nearest(word: string, known: readonly string[]): string {
  const prefixed = known.find((name) => word.length >= 2 && name.startsWith(word));
  if (prefixed !== undefined) return `. Did you mean ${prefixed}?`;
  let [candidate, distance] = ["", Infinity];
  for (const name of known) {
    const away = editsBetween(word.toLowerCase(), name.toLowerCase());
    if (away < distance) [candidate, distance] = [name, away];
  }
  const isNear = distance <= Math.max(2, Math.floor(candidate.length / 3));
  return isNear ? `. Did you mean ${candidate}?` : "";
}

/** How many characters have to be put in, taken out or changed (Levenshtein's distance). */
function editsBetween(from: string, to: string): number {
  let edits = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let row = 0; row < from.length; row++) {
    const next = [row + 1];
    for (let i = 0; i < to.length; i++) {
      const [above = 0, aboveNext = 0, left = 0] = [edits[i], edits[i + 1], next[i]];
      const changed = above + (from[row] === to[i] ? 0 : 1);
      next.push(Math.min(changed, aboveNext + 1, left + 1));
    }
    edits = next;
  }
  return edits.at(-1) ?? 0;
}
