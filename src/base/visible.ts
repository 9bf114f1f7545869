// Text that somebody else chose (a client id, a group, a broker's message), made fit to be shown:
// in a log, a trace, a table, an error. The only place that knows which characters are not.
//
//   fox \n ERROR  ...    "fox \n ERROR ..."       no line of its own
//   \x1b[31m, \x9b31m    \u001b[31m, \u009b31m    no colour, no cursor (C0, DEL, C1)
//   \u202e, \u2066       the same, as text        no other order of what is read (bidi)
//   \u2028, \ud800       the same, as text        no other line ends, no half characters
//
// Invariant: what comes out holds no character that is hidden or steers: \p{C}, U+2028, U+2029.

const hidden = /[\p{C}\u2028\u2029]/gu;
const hiddenButLineEnds = /[^\P{C}\n]|[\u2028\u2029]/gu;

/** As it is, but for what hides or steers: that as `\u001b`. It is one line. */
export function escaped(text: string): string {
  return text.replace(hidden, escapedCharacter);
}

/** As {@link escaped}, for text of several lines that we have laid out ourselves. */
export function escapedLines(text: string): string {
  return text.replace(hiddenButLineEnds, escapedCharacter);
}

/** Text in JSON's quotes, from which JSON reads the same text again. */
export function quoted(text: string): string {
  return escapedJson(JSON.stringify(text));
}

/** As it is where `plain` says that it needs no quotes, otherwise {@link quoted}. */
export function quotedUnless(plain: RegExp, text: string): string {
  return plain.test(text) && escaped(text) === text ? text : quoted(text);
}

/** A JSON document that means the same. Its own line ends stay: those of its texts are escaped. */
export function escapedJson(json: string): string {
  return escapedLines(json);
}

function escapedCharacter(character: string): string {
  let units = "";
  for (let i = 0; i < character.length; i++) {
    units += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return units;
}
