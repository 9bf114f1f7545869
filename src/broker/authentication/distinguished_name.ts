// The name that a certificate is made out to, as Kafka's rules and access lists have it: the text
// of RFC 2253, as Java's X500Principal.getName writes it.
//
//   certificate = SEQ { SEQ { [0] version?, serial, algorithm, issuer, validity, subject, ... } }
//   subject     = SEQ of SET of SEQ { type, value }       C=DE, then O=Acme, then CN=alice
//   text        = "CN=alice,O=Acme,C=DE"                  the last one first
//
// A type that RFC 2253 has no name for is its number, and its value is hexadecimal DER.

/** One element of DER: what it is, what is in it, and the whole of it. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

const tags = { sequence: 0x30, set: 0x31, oid: 0x06, version: 0xa0, bmpString: 0x1e } as const;
/** Utf8String, NumericString, PrintableString, TeletexString, IA5String: a byte is a character. */
const textTags: ReadonlySet<number> = new Set([0x0c, 0x12, 0x13, 0x14, 0x16]);

const keywords: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
};

/** The subject of a certificate in DER; undefined when that is no certificate. */
export function subjectOf(certificate: Uint8Array): string | undefined {
  const [whole] = elementsOf(certificate);
  const [signed] = elementsOf(whole?.content);
  const parts = elementsOf(signed?.content);
  const first = parts[0]?.tag === tags.version ? 1 : 0;
  const subject = parts[first + 4];
  if (subject?.tag !== tags.sequence) return undefined;
  const names = elementsOf(subject.content).map(({ content }) =>
    elementsOf(content).map(attributeText).join("+")
  );
  return names.reverse().join(",");
}

/** The elements that stand in `bytes` one after the other, as far as they are whole. */
function elementsOf(bytes: Uint8Array | undefined): Element[] {
  const elements: Element[] = [];
  let rest = bytes ?? new Uint8Array(0);
  for (;;) {
    const [tag, short] = rest;
    if (tag === undefined || short === undefined) return elements;
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
    const length = lengthBytes === 0
      ? short
      : rest.subarray(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    const end = 2 + lengthBytes + length;
    if (lengthBytes > 4 || end > rest.length) return elements;
    elements.push({
      tag,
      content: rest.subarray(2 + lengthBytes, end),
      whole: rest.subarray(0, end),
    });
    rest = rest.subarray(end);
  }
}

function attributeText({ content }: Element): string {
  const [type, value] = elementsOf(content);
  if (type?.tag !== tags.oid || value === undefined) return "";
  const oid = oidText(type.content);
  const keyword = keywords[oid];
  const text = keyword === undefined ? undefined : stringOf(value);
  return text === undefined ? `${oid}=#${hex(value.whole)}` : `${keyword}=${escapedName(text)}`;
}

function oidText(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (numbers.length > 0) numbers.push(number);
    else {
      const first = Math.min(2, Math.floor(number / 40));
      numbers.push(first, number - first * 40);
    }
    number = 0;
  }
  return numbers.join(".");
}

function stringOf({ tag, content }: Element): string | undefined {
  if (tag === tags.bmpString) return new TextDecoder("utf-16be").decode(content);
  return textTags.has(tag) ? new TextDecoder().decode(content) : undefined;
}

/** With a backslash before what would mean something else. */
function escapedName(text: string): string {
  return text.replace(/[,=+<>#;\\"]/g, "\\$&").replace(/^ | $/g, "\\ ");
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
