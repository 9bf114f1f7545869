// How this broker proves to the others of its cluster who it is, by the listener that brokers use
// among themselves:
//
//   PLAINTEXT   not at all
//   SSL         by its certificate, the one that the listener shows
//   SASL_...    by sasl.mechanism.inter.broker.protocol, as the user that sasl.jaas.config of the
//               listener and the mechanism names; over TLS by its certificate as well
//
// It is read for each connection, so that another certificate or password holds for the next one.
// Where there is an authorizer that user needs ClusterAction on the cluster, as with Kafka.

import { UsageFault } from "../../base/faults.ts";
import { parseJaas } from "../../base/jaas.ts";
import type { Credentials } from "../../client/network/sasl.ts";
import type { Files, TlsMaterial } from "../../runtime/ports.ts";
import { tlsMaterialOf } from "../authentication/tls_material.ts";
import type { BrokerConfig } from "../config/mod.ts";

/** What a connection to another broker is opened with. */
export interface PeerSecurity {
  readonly tls?: TlsMaterial;
  readonly sasl?: Credentials;
}

const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
const mechanismKey = "sasl.mechanism.inter.broker.protocol";

/** As the configuration has it by now. Throws UsageFault where it cannot be honoured. */
export function peerSecurityOf(config: BrokerConfig, files: Files): PeerSecurity {
  const listener = config.interBrokerListener;
  const names = config.listeners.map(({ name }) => name);
  if (!names.includes(listener)) {
    throw new UsageFault(
      `brokers cannot reach each other: there is no listener ${listener}. Add it to listeners, ` +
        `or set inter.broker.listener.name to one of ${names.join(", ")}`,
    );
  }
  const protocol = config.protocolOf(listener);
  return {
    tls: protocol.endsWith("SSL") ? tlsMaterialOf(config, files, listener) : undefined,
    sasl: protocol.startsWith("SASL_") ? credentialsOf(config, listener) : undefined,
  };
}

function credentialsOf(config: BrokerConfig, listener: string): Credentials {
  const wanted = config.get(mechanismKey);
  const mechanism = mechanisms.find((each) => each === wanted);
  if (mechanism === undefined) {
    throw new UsageFault(
      `${mechanismKey} is ${wanted}: brokers log in to each other by ${mechanisms.join(", ")}`,
    );
  }
  if (!config.ofListener("sasl.enabled.mechanisms", { listener }).includes(mechanism)) {
    throw new UsageFault(
      `${mechanismKey} is ${mechanism}, which sasl.enabled.mechanisms of listener ${listener} ` +
        "does not name",
    );
  }
  const key = `listener.name.${listener.toLowerCase()}.${mechanism.toLowerCase()}.sasl.jaas.config`;
  const text = config.ofListener("sasl.jaas.config", { listener, mechanism });
  const parsed = text === null ? { problem: "it is not set" } : parseJaas(text);
  if ("problem" in parsed) throw new UsageFault(`${key}: ${parsed.problem}`);
  const { options } = parsed.entry;
  const [username, password] = [options.get("username"), options.get("password")];
  if (!username || !password) {
    throw new UsageFault(
      `${key}: brokers log in to each other by it, so it has to have username="NAME" and ` +
        'password="PASSWORD"',
    );
  }
  return { mechanism, username, password, delegationToken: false };
}
