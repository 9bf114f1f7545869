// Whether the ports of a start are free, tried before it puts anything into a new data folder: one
// that is refused for a port leaves nothing behind. Where the folder holds something, nothing is
// tried, and the listeners themselves find out.
//
// Tried by connecting: to listen for a moment would tell whoever waits for this broker that it is
// there, and send him away. So it is a kindness, and no promise: what does not answer on this
// machine's own addresses may be taken all the same.

import { formatAddress, isLoopback, isUnspecified } from "../../base/address.ts";
import { PlatformFault } from "../../base/faults.ts";
import type { Address, Files, Runtime, Socket } from "../../runtime/ports.ts";

/** Throws PlatformFault where one of `folders` is to be made and one of `ports` cannot be had. */
export async function checkPortsForNewFolder(
  { files, network }: Pick<Runtime, "files" | "network">,
  { folders, ports }: { readonly folders: readonly string[]; readonly ports: readonly Address[] },
): Promise<void> {
  if (!folders.some((folder) => isNew(files, folder))) return;
  for (const address of ports) {
    if (address.port !== 0) await tryPort(network, address);
  }
}

/** Whether nothing is in it. One that cannot be looked at is the start's to complain of. */
function isNew(files: Files, folder: string): boolean {
  try {
    return files.stat(folder) === undefined || files.list(folder).length === 0;
  } catch (error) {
    if (error instanceof PlatformFault) return false;
    throw error;
  }
}

async function tryPort(network: Runtime["network"], { host, port }: Address): Promise<void> {
  // Elsewhere an answer may take minutes.
  if (!isLoopback(host) && !isUnspecified(host)) return;
  let another: Socket;
  try {
    another = await network.connect({ host: isUnspecified(host) ? "127.0.0.1" : host, port });
  } catch (error) {
    if (error instanceof PlatformFault) return;
    throw error;
  }
  another.close();
  const address = formatAddress({ host, port });
  throw new PlatformFault("AddressInUse", `cannot listen on ${address}: the address is in use`);
}
