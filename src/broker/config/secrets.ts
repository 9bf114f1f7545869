// Which configuration keys have values that nobody is to see: in answers, in a trace, in the log.
//
// Those of type password, and, as in Kafka, those that are not known here: a plugin's key may well
// hold a password. A listener's own keys (listener.name.internal.ssl.key.password) are what they
// are without that prefix; a SASL mechanism may stand in between.

import { entryOf } from "../../base/items.ts";
import { clientMetricsKeys, groupKeys } from "./group_table.ts";
import { brokerKeys, topicKeys } from "./broker_table.ts";
import { type ConfigKey, isSensitive } from "./values.ts";

const tables: readonly Readonly<Record<string, ConfigKey>>[] = [
  brokerKeys,
  topicKeys,
  groupKeys,
  clientMetricsKeys,
];

/** Whether the value of the key `name`, of whatever resource, may be a secret. */
export function isSecretKey(name: string): boolean {
  const found = [name, ...withoutListener(name)].flatMap((each) =>
    tables.map((keys) => entryOf(keys, each))
  ).filter((key) => key !== undefined);
  return found.length === 0 || found.some(isSensitive);
}

function withoutListener(name: string): string[] {
  const [, key, withoutMechanism] = /^listener\.name\.[^.]+\.([^.]+\.(.+))$/.exec(name) ?? [];
  return [key, withoutMechanism].filter((each) => each !== undefined);
}
