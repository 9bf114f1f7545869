// Addresses as people write them.

/** HOST:PORT, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
