// What an answer takes, seen from a process of its own that does little else: a few members send
// heartbeats to a broker, and beside them a message goes to a bare program and back, on the same
// machine at the same moments.
//
//   probe.ts HOST PORT PROTOCOL SECONDS     prints {"beats":[ms, ...],"echoes":[ms, ...]}

import { startProgram } from "../bench/program.ts";
import { GroupMember, type Protocol, realMembers } from "../../tests/harness/group_member.ts";

const memberCount = 20;
const heartbeatMs = 200;
const bytes = 64;

const [host = "", port = "", protocol = "classic", seconds = "10"] = Deno.args;
const at = { host, port: Number(port) };

async function pings(echoPort: number, untilMs: number): Promise<number[]> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: echoPort });
  connection.setNoDelay(true);
  const message = new Uint8Array(bytes);
  const took: number[] = [];
  while (performance.now() < untilMs) {
    const startMs = performance.now();
    await connection.write(message);
    await connection.read(message);
    took.push(performance.now() - startMs);
    await new Promise((go) => setTimeout(go, heartbeatMs / memberCount));
  }
  return took;
}

const echo = await startProgram([
  Deno.execPath(),
  "run",
  "-A",
  new URL("./echo.ts", import.meta.url).pathname,
]);
const beats: number[] = [];
let isMeasuring = false;
const members = await Promise.all(
  Array.from({ length: memberCount }, (_, i) =>
    GroupMember.enter({
      ...realMembers(at),
      pass: (ms) => rest(ms),
    }, {
      protocol: protocol as Protocol,
      group: `probe-${i >> 1}`,
      topic: "read-by-all",
      partitionCount: 2,
      heartbeatMs,
      onBeat: (ms) => void (isMeasuring && beats.push(ms)),
    })),
);

/** The broker asks for a heartbeat less often than the probe wants to look. */
function rest(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, Math.min(ms, heartbeatMs)));
}

await Promise.all(members.map(({ settled }) => settled));
isMeasuring = true;
const echoes = await pings(echo.port, performance.now() + Number(seconds) * 1_000);
await echo.stop();
console.log(JSON.stringify({ beats, echoes }));
Deno.exit(0);
