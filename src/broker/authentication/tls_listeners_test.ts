import { assertEquals } from "@std/assert";
import { server, stranger } from "../../../tests/harness/certificates.ts";
import { FailingFiles } from "../../../tests/harness/failing_files.ts";
import { utf8 } from "../../base/bytes.ts";
import { writeWholeFile } from "../../log/files/whole_file.ts";
import type { TlsTerms } from "../../runtime/ports.ts";
import { simulate } from "../../runtime/simulated.ts";
import { loadConfig } from "../config/mod.ts";
import { TlsListeners } from "./tls_listeners.ts";

const keystore = "/keystore.pem";

function rig() {
  const lines: string[] = [];
  const world = simulate(1, { onLogLine: (_, line) => lines.push(line) });
  const machine = world.start("broker");
  const failing = new FailingFiles(machine.files);
  const { config } = loadConfig({
    options: {
      "listener.security.protocol.map": "PLAINTEXT:SSL",
      "ssl.keystore.location": keystore,
    },
  });
  const listeners = new TlsListeners({
    config,
    network: machine.network,
    files: failing.files,
    timers: machine.timers,
    logger: machine.logger({ format: "text", level: "info" }),
    audit: undefined,
  });
  const write = (text: string) => writeWholeFile(machine.files, keystore, utf8(text));
  return { world, failing, listeners, lines, write };
}

Deno.test("a key store that cannot be looked at leaves a listener as it is", async () => {
  const { world, failing, listeners, lines, write } = rig();
  write(server.key + server.chain);
  const chains: string[] = [];
  const renew = ({ material: { identity } }: TlsTerms) =>
    void chains.push(identity !== undefined && "chain" in identity ? identity.chain : "");
  listeners.watch("PLAINTEXT", { renew } as Parameters<TlsListeners["watch"]>[1]);

  // A folder above it is closed to us, as a link that leads to itself would be.
  failing.arm({ at: 1, kind: "Io", about: (path) => path === keystore });
  await world.run(6_000);
  assertEquals(failing.failed, `stat ${keystore}`);
  // What is there is read again, and is what was there before.
  assertEquals(chains.length, 1);
  write(stranger.key + stranger.chain);
  await world.run(6_000);
  assertEquals(chains.length, 2);
  assertEquals(lines.filter((line) => line.includes("cannot be used")), []);
  listeners.close();
});
