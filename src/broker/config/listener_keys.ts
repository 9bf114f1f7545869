// Keys that a listener may have of its own, and a SASL mechanism of that listener:
//
//   listener.name.<listener>.<mechanism>.<key>  >  listener.name.<listener>.<key>  >  <key>
//
// Listener and mechanism are in lower case there, as in Kafka.

import type { BrokerKeyName } from "./broker_table.ts";

/** Those keys, and whether a mechanism may have them, too. */
const listenerKeys = {
  "connections.max.reauth.ms": { byMechanism: true },
  "max.connection.creation.rate": { byMechanism: false },
  "max.connections": { byMechanism: false },
  "sasl.enabled.mechanisms": { byMechanism: false },
  "sasl.jaas.config": { byMechanism: true },
  "sasl.oauthbearer.clock.skew.seconds": { byMechanism: true },
  "sasl.oauthbearer.expected.audience": { byMechanism: true },
  "sasl.oauthbearer.expected.issuer": { byMechanism: true },
  "sasl.oauthbearer.jwks.endpoint.refresh.ms": { byMechanism: true },
  "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": { byMechanism: true },
  "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": { byMechanism: true },
  "sasl.oauthbearer.jwks.endpoint.url": { byMechanism: true },
  "sasl.oauthbearer.scope.claim.name": { byMechanism: true },
  "sasl.oauthbearer.sub.claim.name": { byMechanism: true },
  "sasl.server.callback.handler.class": { byMechanism: true },
  "sasl.server.max.receive.size": { byMechanism: false },
  "ssl.cipher.suites": { byMechanism: false },
  "ssl.client.auth": { byMechanism: false },
  "ssl.enabled.protocols": { byMechanism: false },
  "ssl.key.password": { byMechanism: false },
  "ssl.keystore.certificate.chain": { byMechanism: false },
  "ssl.keystore.key": { byMechanism: false },
  "ssl.keystore.location": { byMechanism: false },
  "ssl.keystore.password": { byMechanism: false },
  "ssl.keystore.type": { byMechanism: false },
  "ssl.principal.mapping.rules": { byMechanism: false },
  "ssl.protocol": { byMechanism: false },
  "ssl.truststore.certificates": { byMechanism: false },
  "ssl.truststore.location": { byMechanism: false },
  "ssl.truststore.password": { byMechanism: false },
  "ssl.truststore.type": { byMechanism: false },
} as const satisfies Partial<Record<BrokerKeyName, { readonly byMechanism: boolean }>>;

export type ListenerKeyName = keyof typeof listenerKeys;

/** Whose value of a key is asked for. */
export interface ListenerScope {
  readonly listener: string;
  readonly mechanism?: string;
}

const prefix = "listener.name.";

/** The names under which `key` may be set for a listener, the most particular one first. */
export function listenerKeyNames(
  key: ListenerKeyName,
  { listener, mechanism }: ListenerScope,
): string[] {
  const ofListener = `${prefix}${listener.toLowerCase()}.`;
  const names = [`${ofListener}${key}`];
  const isOfMechanism = mechanism !== undefined && listenerKeys[key].byMechanism;
  return isOfMechanism ? [`${ofListener}${mechanism.toLowerCase()}.${key}`, ...names] : names;
}

/** The key that a name of this form sets; undefined when it is none that a listener has. */
export function listenerKeyOf(name: string): ListenerKeyName | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const [, ...rest] = name.slice(prefix.length).split(".");
  const key = rest.join(".");
  if (Object.hasOwn(listenerKeys, key)) return key as ListenerKeyName;
  const ofMechanism = rest.slice(1).join(".");
  if (!Object.hasOwn(listenerKeys, ofMechanism)) return undefined;
  const found = ofMechanism as ListenerKeyName;
  return listenerKeys[found].byMechanism ? found : undefined;
}
