// Parts of a PEM file, which may hold a key and certificates in any order, and text around them.

/** The first private key in `text`; undefined when there is none. */
export function privateKeyIn(text: string): string | undefined {
  return /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^]*?-----END \1-----/.exec(text)?.[0];
}

/** All certificates in `text`, in their order; undefined when there is none. */
export function certificatesIn(text: string): string | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  return blocks === null ? undefined : `${blocks.join("\n")}\n`;
}
