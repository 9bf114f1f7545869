// Java's .properties syntax: configuration files, and the meta.properties of a data directory.
//
//   key=value   key: value   key value     the first of = : or white space ends the key
//   # comment   ! comment                  whole lines only
//   a=one, \                               a final odd backslash joins the next line, without its
//      two                                 leading white space
//   \t \n \r \f \u0041 \= \\               escapes, in keys and values alike
//
// A key that is written twice takes its last value, as in Java.

const escapes: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

/** What no text has; bytes that are no UTF-8 may be a comment of another encoding. */
// deno-lint-ignore no-control-regex
const controls = /[\0-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]/;

/** Whether it may be text at all, of whatever meaning. */
export function isText(text: string): boolean {
  return !controls.test(text);
}

/** Keys and values of `text` in .properties syntax. */
export function parseProperties(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const line of logicalLines(text.replace(/^\uFEFF/, ""))) {
    const [before = "", key = ""] = /^((?:[^\\=:\s]|\\[^])*)[ \t\f]*[=:]?[ \t\f]*/.exec(line) ?? [];
    pairs.set(unescape(key), unescape(line.slice(before.length)));
  }
  return pairs;
}

/** Lines without comments and blanks, with continued ones joined. */
function* logicalLines(text: string): Generator<string> {
  let joined = "";
  let continues = false;
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, "");
    if (!continues && (line === "" || line[0] === "#" || line[0] === "!")) continue;
    const backslashes = /\\*$/.exec(line)![0].length;
    continues = backslashes % 2 === 1;
    joined += continues ? line.slice(0, -1) : line;
    if (continues) continue;
    if (joined !== "") yield joined;
    joined = "";
  }
  if (joined !== "") yield joined;
}

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|([^]))/g, (_, hex, character) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return escapes[character] ?? character;
  });
}
