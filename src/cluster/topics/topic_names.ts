// Which texts are topic names.
//
// Legal: 1 to 249 of a-z A-Z 0-9 . _ - but neither "." nor "..", which are folders to a file
// system. Kafka's metrics turn "." into "_", so two names that differ in nothing else would share
// theirs: the second one is refused.

/** The metadata log. Not a topic to clients. */
export const metadataTopic = "__cluster_metadata";

const lengthMax = 249;

/** Why `name` cannot be a topic's name; undefined when it can. */
export function topicNameProblem(name: string): string | undefined {
  const reason = reasonAgainst(name);
  return reason === undefined ? undefined : `Topic name is invalid: ${reason}`;
}

function reasonAgainst(name: string): string | undefined {
  if (name === "") return "the empty string is not allowed";
  if (name === "." || name === "..") return `'${name}' is not allowed`;
  if (name.length > lengthMax) {
    return `the length of '${name}' is longer than the max allowed length ${lengthMax}`;
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined;
  return `'${name}' contains one or more characters other than ASCII alphanumerics, ` +
    "'.', '_' and '-'";
}

/** The name under which `name` collides with others; undefined when it cannot. */
export function collidingName(name: string): string | undefined {
  return /[._]/.test(name) ? name.replaceAll(".", "_") : undefined;
}
