// docs/configuration.md from the one table of keys, src/broker/config/broker_table.ts.
//
//   acted upon    a row with type, default, bounds and the table's sentence
//   ignored       accepted with a warning: a line among the keys without effect, with the reason
//   refused       a start that sets it fails: likewise

/** One key of the table, as the page shows it. */
export interface DocumentedKey {
  readonly type: string;
  readonly default: string | null;
  readonly min?: number;
  readonly max?: number;
  readonly orNumber?: number;
  readonly oneOf?: readonly string[];
  readonly update?: string;
  readonly ignored?: string;
  readonly refused?: string;
  readonly internal?: boolean;
  readonly synonyms?: readonly string[];
  readonly doc: string;
}

/** A prefix of which no key is acted upon. */
export interface DocumentedFamily {
  readonly prefix: string;
  readonly ignored?: string;
  readonly refused?: string;
}

type Keys = Readonly<Record<string, DocumentedKey>>;

/** Text that is safe in a cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function code(text: string): string {
  return "`" + cell(text) + "`";
}

/** Bounds and choices as the end of a sentence; empty when anything goes. */
function bounds({ min, max, orNumber, oneOf }: DocumentedKey): string {
  if (oneOf !== undefined) return ` One of ${oneOf.map(code).join(", ")}.`;
  const range = max === undefined
    ? (min === undefined ? "" : `at least ${min}`)
    : (min === undefined ? `at most ${max}` : `${min} to ${max}`);
  if (range === "") return "";
  return ` Is ${range}${orNumber === undefined ? "" : `, or ${orNumber}`}.`;
}

function defaultText(key: DocumentedKey): string {
  if (key.default === null) return "none";
  return key.default === "" ? "empty" : code(key.default);
}

function rows(keys: Keys): string {
  return Object.entries(keys)
    .filter(([, key]) => !key.ignored && !key.refused && !key.internal)
    .map(([name, key]) => {
      const synonyms = key.synonyms === undefined || key.synonyms.length === 0
        ? ""
        : ` Falls back to ${key.synonyms.map(code).join(", ")}.`;
      const doc = cell(key.doc) + bounds(key) + synonyms;
      return `| ${code(name)} | ${key.type} | ${defaultText(key)} | ${doc} |`;
    })
    .join("\n");
}

/** Lines of the keys for which `reason` has one, each key once though both tables may have it. */
function reasons(
  tables: readonly Keys[],
  families: readonly DocumentedFamily[],
  reason: "ignored" | "refused",
): string {
  const lines = new Map<string, string>();
  for (const [name, key] of tables.flatMap((table) => Object.entries(table))) {
    if (key[reason] !== undefined) lines.set(name, `- ${code(name)}: ${key[reason]}`);
  }
  for (const family of families) {
    const name = `${family.prefix}*`;
    if (family[reason] !== undefined) lines.set(name, `- ${code(name)}: ${family[reason]}`);
  }
  return [...lines].sort(([a], [b]) => a < b ? -1 : 1).map(([, line]) => line).join("\n");
}

/** The whole page. */
export function configurationPage(
  { brokerKeys, topicKeys, families }: {
    readonly brokerKeys: Keys;
    readonly topicKeys: Keys;
    readonly families: readonly DocumentedFamily[];
  },
): string {
  const tables = [brokerKeys, topicKeys];
  const heading = "| key | type | default | what it does |\n| --- | --- | --- | --- |";
  return `<!-- Written by deno task docs from src/broker/config/broker_table.ts. -->

# Configuration

The keys are Kafka's. A key comes from the first of these sources that has it:

1. flags of \`ottla start\`: \`--port\`, \`--host\`, \`--data-dir\`, \`--ephemeral\`,
   \`--metrics-port\`, and \`--set key=value\` for any key
2. the environment, as Kafka's container image reads it: \`KAFKA_LOG_RETENTION_MS\` is
   \`log.retention.ms\`
3. a file named by \`--config\`: a Kafka \`server.properties\`, or JSON
4. the default

Every key of Kafka's is known; keys that begin with \`ottla.\` are Ottla's own. An unknown key in a
flag stops the start, with a message that names the nearest known one. In a file, which may hold
keys of plug-ins, and in the environment, where variables of other programs begin with \`KAFKA_\` as
well, it gets a warning.

## Broker

${heading}
${rows(brokerKeys)}

## Topics

Given with \`ottla topics create\` or by any admin client. A topic without the key takes the
broker's.

${heading}
${rows(topicKeys)}

## Keys without effect

These are accepted, so that a \`server.properties\` written for Kafka starts, and the start logs a
warning that names each one that is set.

${reasons(tables, families, "ignored")}

## Keys that are refused

A start that sets one of these to anything but Kafka's default fails, because to go on without what
it asks for would be a false promise.

${reasons(tables, families, "refused")}
`;
}
