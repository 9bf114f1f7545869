// Whether the ports of a start are free, tried before it puts anything into a new data folder: one
// that is refused for a port leaves nothing behind. Where the folder holds something, nothing is
// tried, and the listeners themselves find out.
//
// Invariant: what was tried is closed again, and whoever connects meanwhile is sent away.

import { listenOn } from "../../base/address.ts";
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
  const sendAway = (socket: Socket) => socket.close();
  const listen = (host: string) => network.listen({ host, port }, sendAway);
  await (await listenOn(host, listen)).close();
}
