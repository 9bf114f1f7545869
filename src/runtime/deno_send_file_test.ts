import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { denoFiles } from "./deno_files.ts";
import { denoNetwork } from "./deno_network.ts";
import { canSendFiles } from "./deno_send_file.ts";
import type { Socket } from "./ports.ts";

Deno.test({
  name: "of clients that have a port in common, each is sent its own",
  ignore: !canSendFiles(),
  async fn() {
    const folder = await Deno.makeTempDir();
    const file = denoFiles.open(`${folder}/sent`, "append");
    file.append(new TextEncoder().encode("for 127.0.0.1for 127.0.0.2"));
    const accepted = new Map<string, Socket>();
    const listener = await denoNetwork.listen({ host: "::", port: 0 }, (socket) => {
      accepted.set(socket.remote.host, socket);
    });
    let localPort = 0;
    const clientFrom = async (localAddress: string) => {
      const to = { host: "127.0.0.1", port: listener.address.port, localAddress };
      const client = connect(localPort === 0 ? to : { ...to, localPort });
      await once(client, "connect");
      localPort = client.localPort!;
      return client;
    };
    const clients = [await clientFrom("127.0.0.1"), await clientFrom("127.0.0.2")];
    try {
      for (const [index, client] of clients.entries()) {
        const host = `127.0.0.${index + 1}`;
        const received = once(client, "data");
        const socket = accepted.get(host)!;
        assertEquals(socket.sendFile!(file.kernelFile!, { position: 13 * index, bytes: 13 }), 13);
        assertEquals(String((await received)[0]), `for ${host}`);
      }
    } finally {
      for (const client of clients) client.destroy();
      for (const socket of accepted.values()) socket.close();
      await listener.close();
      file.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
