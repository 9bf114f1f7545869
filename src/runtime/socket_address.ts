// Addresses as the core sees them, whatever the runtime's own form.

import type { Address } from "./ports.ts";

/** Says itself, in a log line, that nobody could be asked. */
const unknownHost = "unknown";

/**
 * An address without the IPv4-mapped form: a listener on "::" reports an IPv4 peer as
 * "::ffff:127.0.0.1", which is 127.0.0.1 to everybody who compares or advertises it.
 * A peer that has reset the connection before it was accepted has no address any more, and a
 * runtime may say undefined: then the host is "unknown", and the port 0.
 */
export function plainAddress(host: string | undefined, port: number | undefined): Address {
  if (!host || port === undefined) return { host: unknownHost, port: 0 };
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  return { host: mapped?.[1] ?? host, port };
}
