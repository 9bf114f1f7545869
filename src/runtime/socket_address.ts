// Addresses as the core sees them, whatever the runtime's own form.

import { javaHost } from "../base/address.ts";
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

const ofIPv4 = 2;
const ofIPv6 = 10;
const mappedPrefix = [0, 0, 0, 0, 0, 0xffff];

/**
 * Whether `bytes` are that address as Linux has it in memory:
 *
 *   struct sockaddr_in:  family u16 | port u16, big-endian | address 4 bytes
 *   struct sockaddr_in6: family u16 | port u16, big-endian | flow u32 | address 16 bytes
 */
export function isSocketAddress(bytes: Uint8Array, { host, port }: Address): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint16(2) !== port) return false;
  const family = bytes[0]! | bytes[1]!;
  if (family === ofIPv4) return bytes.subarray(4, 8).join(".") === host;
  if (family !== ofIPv6) return false;
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + 2 * index));
  const isMapped = mappedPrefix.every((group, index) => groups[index] === group);
  if (isMapped) return bytes.subarray(20, 24).join(".") === host;
  const [plain = ""] = host.split("%");
  return javaHost(plain) === groups.map((group) => group.toString(16)).join(":");
}
