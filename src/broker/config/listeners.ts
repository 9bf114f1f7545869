// Listener lists: "PLAINTEXT://:9092,CONTROLLER://:9093" and the protocols that names stand for.
//
//   NAME://HOST:PORT    an empty host is every address, [..] holds an IPv6 address, port 0 is any
//
// A server.properties for one combined node names a controller listener too. It is never opened:
// the controller is in this process.

import { formatAddress, isUnspecified } from "../../base/address.ts";
import type { Address } from "../../runtime/ports.ts";

/** One entry of `listeners` or `advertised.listeners`. */
export interface ListenerAddress extends Address {
  /** As written, upper case by custom. */
  readonly name: string;
}

/** Either the parsed entries, or what is wrong with the text. */
export type ParsedListeners =
  | { readonly listeners: readonly ListenerAddress[] }
  | { readonly problem: string };

/** Reads the entries of a listener list. */
export function parseListeners(entries: readonly string[]): ParsedListeners {
  const listeners: ListenerAddress[] = [];
  for (const entry of entries) {
    const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%]*)\]|([^:/[\]]*)):(\d{1,5})$/.exec(
      entry,
    );
    if (match === null) return { problem: `"${entry}" is not of the form NAME://HOST:PORT` };
    const [, name = "", address, host = "", digits] = match;
    const port = Number(digits);
    if (port > 65535) return { problem: `port ${port} of "${entry}" is above 65535` };
    listeners.push({ name: name.toUpperCase(), host: address ?? host, port });
  }
  const names = new Set(listeners.map((listener) => listener.name));
  if (names.size < listeners.length) return { problem: "each listener needs a name of its own" };
  return { listeners };
}

/** The text form of one entry. */
export function formatListener(listener: ListenerAddress): string {
  return `${listener.name}://${formatAddress(listener)}`;
}

/** Kafka's numbers of the protocols that a listener may speak. */
export const securityProtocols = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const;

export type SecurityProtocol = keyof typeof securityProtocols;

/** The protocol of listener `name` by `listener.security.protocol.map`; undefined: it has none. */
export function securityProtocol(name: string, protocolMap: string): SecurityProtocol | undefined {
  for (const pair of protocolMap.split(",")) {
    const [key = "", protocol] = pair.split(":").map((part) => part.trim().toUpperCase());
    if (key !== name || protocol === undefined) continue;
    return Object.hasOwn(securityProtocols, protocol) ? protocol as SecurityProtocol : undefined;
  }
  return undefined;
}

/** What is wrong with opening `listeners`, if anything. `controllers` are the names left closed. */
export function listenerProblem(
  listeners: readonly ListenerAddress[],
  options: { readonly protocolMap: string },
): string | undefined {
  if (listeners.length === 0) return "name at least one listener for clients";
  const ports = new Set<string>();
  for (const { name, host, port } of listeners) {
    const protocol = securityProtocol(name, options.protocolMap);
    if (protocol === undefined) {
      return `listener ${name} has no protocol in listener.security.protocol.map`;
    }
    if (port !== 0 && ports.has(`${host}:${port}`)) return `port ${port} is named twice`;
    ports.add(`${host}:${port}`);
  }
  return undefined;
}

/**
 * What the clients of a listener are told where `advertised.listeners` says nothing: the host that
 * it names, since a certificate may be made out to it, or the address that they have `reached`.
 */
export function toldOf({ host }: ListenerAddress, reached: Address): Address {
  return isUnspecified(host) ? reached : { host, port: reached.port };
}

/** What is wrong with telling clients about `advertised`, if anything. */
export function advertisedProblem(
  advertised: readonly ListenerAddress[],
  listeners: readonly ListenerAddress[],
): string | undefined {
  for (const { name, host } of advertised) {
    if (!listeners.some((listener) => listener.name === name)) {
      return `${name} is not among the listeners`;
    }
    if (host === "0.0.0.0" || host === "::") {
      return `clients cannot connect to ${host}: name an address that they can reach`;
    }
  }
  return undefined;
}
