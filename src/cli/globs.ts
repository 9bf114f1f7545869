// Patterns of names as shells have them: `*` for any characters, `?` for one. Neither may stand in
// the name of a topic, so a word with one of them is a pattern.

/** Whether `word` is a pattern. */
export function isGlob(word: string): boolean {
  return /[*?]/.test(word);
}

/** Whether a text is like `glob`, whole. Takes time in proportion to both lengths. */
export function globMatcher(glob: string): (text: string) => boolean {
  return (text) => {
    let [at, inGlob, star, afterStar] = [0, 0, -1, 0];
    while (at < text.length) {
      if (glob[inGlob] === "*") {
        star = inGlob++;
        afterStar = at;
      } else if (inGlob < glob.length && (glob[inGlob] === "?" || glob[inGlob] === text[at])) {
        at++;
        inGlob++;
      } else if (star >= 0) {
        inGlob = star + 1;
        at = ++afterStar;
      } else return false;
    }
    while (glob[inGlob] === "*") inGlob++;
    return inGlob === glob.length;
  };
}

/**
 * The names that `words` stand for, in their order, each once: a plain word is a name, whether it
 * is there or not; a pattern stands for those of `known` that are like it.
 */
export function namesOf(words: readonly string[], known: readonly string[]): string[] {
  const chosen = words.flatMap((word) => isGlob(word) ? known.filter(globMatcher(word)) : [word]);
  return [...new Set(chosen)];
}
