// Where a cluster's metadata is: `etcd://host:2379,host:2379/name`, or `etcds://` behind TLS.
//
// Invariant: a parsed address has an endpoint, and a name that can stand in a key.

import { UsageFault } from "../base/faults.ts";

/** etcd's own port. */
const defaultPort = 2379;

/** Endpoints of an etcd, and which of the clusters in it is meant. */
export interface EtcdAddress {
  /** URLs without a path. */
  readonly endpoints: readonly string[];
  readonly name: string;
}

/** Parses an address. Throws UsageFault, saying what one looks like. */
export function parseEtcdAddress(text: string): EtcdAddress {
  const parts = /^(etcds?):\/\/([^/]+)\/([A-Za-z0-9._-]{1,100})\/?$/.exec(text);
  const [, scheme, hosts, name] = parts ?? [];
  if (hosts === undefined || name === undefined || hosts.includes("@")) {
    throw new UsageFault(
      `"${text}" is no address of a cluster: it looks like ` +
        "etcd://host:2379,host:2379/name, or etcds:// for TLS; the name has letters, digits, dots, " +
        "dashes and underscores, and a user goes into ottla.etcd.username",
    );
  }
  const endpoints = hosts.split(",").map((host) => {
    const [, hostname, port = defaultPort] =
      /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
    if (hostname === undefined || Number(port) > 65_535) {
      throw new UsageFault(`"${host}" of "${text}" is no host:port`);
    }
    return `${scheme === "etcds" ? "https" : "http"}://${hostname}:${port}`;
  });
  return { endpoints, name };
}
