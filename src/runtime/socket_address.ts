// Addresses as the core sees them, whatever the runtime's own form.

import type { Address } from "./ports.ts";

/**
 * An address without the IPv4-mapped form: a listener on "::" reports an IPv4 peer as
 * "::ffff:127.0.0.1", which is 127.0.0.1 to everybody who compares or advertises it.
 */
export function plainAddress(host: string, port: number): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  return { host: mapped?.[1] ?? host, port };
}

/** "127.0.0.1:9092" or "[::1]:9092". */
export function addressText(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
