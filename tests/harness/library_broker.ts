// The library as a program of its own, for the runtime that cannot run `src/main.ts` from a
// checkout: Node knows nothing of the names that deno.json and tsconfig.json map. It is also the
// proof that a broker in somebody's own process keeps its data and ends cleanly.
//
//   node tests/harness/library_broker.ts '{"port":0,"dataDir":"/tmp/x","config":{}}'

import process from "node:process";
import { Broker, type BrokerOptions } from "../../mod.ts";

const options: BrokerOptions = JSON.parse(process.argv[2]!);
const broker = await Broker.start({ logLevel: "info", ...options });
console.log(`listening on ${broker.bootstrap}`);
process.once("SIGTERM", () => broker.close());
