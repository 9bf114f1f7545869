// Addresses as people write them.

import { isPlatformFault } from "./faults.ts";

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** Whether it is an IP address, and not a name. */
export function isAddress(text: string): boolean {
  return ipv4.test(text) || URL.canParse(`http://[${text}]`);
}

/** HOST:PORT, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether `host` is every address of a machine, and so none that others could reach it by. */
export function isUnspecified(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}

/** Listens on `host`; "" is every address: of both families where the machine has both. */
export async function listenOn<T>(
  host: string,
  listen: (host: string) => Promise<T>,
): Promise<T> {
  if (host !== "") return await listen(host);
  try {
    return await listen("::");
  } catch (error) {
    if (isPlatformFault(error, "AddressInUse") || isPlatformFault(error, "Denied")) throw error;
    return await listen("0.0.0.0");
  }
}

/** Whether nobody but this machine reaches `host`. "" is every address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * An IP address as Java writes it, and with it Kafka in access rules: no zeros are left out of one
 * of IPv6, as in "0:0:0:0:0:0:0:1", and what is IPv4 within IPv6 is IPv4. Other text as it is.
 */
export function javaHost(host: string): string {
  if (!host.includes(":")) return host;
  const [address = "", zone] = host.toLowerCase().split("%");
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = [], tail] = address.split("::").map((part) => part === "" ? [] : part.split(":"));
  const missing = tail === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...new Array(missing).fill("0"), ...tail ?? []];
  const text = groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":");
  return zone === undefined ? text : `${text}%${zone}`;
}
