// Bootstrap addresses as people write them: `host:port`, several with commas, IPv6 in brackets.

import { UsageFault } from "../../base/faults.ts";
import type { Address } from "../../runtime/ports.ts";

const defaultPort = 9092;

/** Parses `host`, `host:port`, `[::1]:port`, several separated by commas. */
export function parseBootstrap(text: string): Address[] {
  const addresses = text.split(",").map((each) => each.trim()).filter((each) => each !== "");
  if (addresses.length === 0) {
    throw new UsageFault("the bootstrap address is empty: give HOST:PORT");
  }
  return addresses.map(parseAddress);
}

function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65535) {
    throw new UsageFault(`"${text}" is not an address: give HOST:PORT, such as localhost:9092`);
  }
  return { host, port };
}
