// A real etcd behind TLS that asks who one is: the home of the metadata comes in with a name and a
// password, and goes on when its token has run out.

import { assertEquals, assertRejects } from "@std/assert";
import { UsageFault } from "../../src/base/faults.ts";
import { uuidFromRandom } from "../../src/base/ids.ts";
import { decideAllocateProducerIds } from "../../src/cluster/mod.ts";
import { EtcdClient, EtcdMetadataStore } from "../../src/etcd/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { ca, server } from "../harness/certificates.ts";
import { etcdAbsence, EtcdProcess } from "../harness/etcd_process.ts";
import { until } from "./suite.ts";

const absence = await etcdAbsence();
if (absence !== undefined) console.log(`a secured etcd is skipped: ${absence}`);

const username = "broker";
const password = "let me in";
/** Where the cluster's keys are. */
const [from, to] = [btoa("/ottla/main/"), btoa("/ottla/main0")];

/** Makes users, and has etcd ask for them from then on. */
async function lock(url: string): Promise<void> {
  const http = denoRuntime().http.client({ trusted: ca });
  const ask = async (path: string, body: object) => {
    const terms = { msMax: 20_000, bytesMax: 100_000, json: JSON.stringify(body) };
    const { status } = await http.ask(`${url}/v3/auth/${path}`, terms);
    assertEquals(status, 200, path);
  };
  await ask("user/add", { name: "root", password: "root" });
  await ask("role/add", { name: "root" });
  await ask("user/grant", { user: "root", role: "root" });
  await ask("user/add", { name: username, password });
  await ask("role/add", { name: "brokers" });
  const perm = { permType: 2, key: from, range_end: to };
  await ask("role/grant", { name: "brokers", perm });
  await ask("user/grant", { user: username, role: "brokers" });
  await ask("enable", {});
  http.close();
}

function open(url: string, password: string): Promise<EtcdMetadataStore> {
  const { http, clock, timers, random, logger: newLogger } = denoRuntime();
  const logger = newLogger({ level: "warn", format: "text" });
  const client = new EtcdClient({
    endpoints: [url],
    http: http.client({ trusted: ca }),
    clock,
    timers,
    random,
    logger,
    login: { username, password },
  });
  return EtcdMetadataStore.open({
    client,
    name: "main",
    clock,
    timers,
    random,
    logger,
    leaseMs: 4_000,
    newClusterId: () => uuidFromRandom(random.bytes(16)),
    onLost: (error) => {
      throw error;
    },
  }).catch((error) => {
    client.close();
    throw error;
  });
}

Deno.test({
  name: "a home in an etcd behind TLS comes in with a password, and again when its token is old",
  ignore: absence !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "etcd-certificates-" });
    try {
      await Deno.writeTextFile(`${folder}/key.pem`, server.key);
      await Deno.writeTextFile(`${folder}/cert.pem`, server.chain);
      const files = ["--cert-file", `${folder}/cert.pem`, "--key-file", `${folder}/key.pem`];
      await using etcd = await EtcdProcess.start(files);
      const url = `https://${etcd.address}`;
      await lock(url);
      await assertRejects(() => open(url, "wrong"), UsageFault, "does not let broker in");
      const home = await open(url, password);
      const lease = await home.join(1);
      await home.change((image) => decideAllocateProducerIds(image, 1));
      // etcd forgets its tokens with its process.
      await etcd.kill();
      await etcd.restart();
      await home.change((image) => decideAllocateProducerIds(image, 1));
      assertEquals(home.image.nextProducerId, 2000);
      await until(home, () => lease.isController());
      await lease.end();
      await home.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
