import { assertEquals } from "@std/assert";
import { firstOf } from "../../base/items.ts";
import { Metadata } from "../../protocol/mod.ts";
import { anonymous, principalText, Session } from "./session.ts";
import { Tracer } from "./trace.ts";
import { simulate } from "../../runtime/simulated.ts";

const remote = { host: "10.0.0.2", port: 40_312 };
const listener = { name: "PLAINTEXT", advertised: { host: "broker", port: 9092 } };

Deno.test("a session is the anonymous user's, and serves until its connection ends", () => {
  const session = new Session({ remote, listener });
  assertEquals(principalText(session.principal), "User:ANONYMOUS");
  assertEquals([session.clientId, session.software, session.phase], [null, undefined, "serving"]);
  session.onRequest("orders");
  session.onSoftware({ name: "librdkafka", version: "2.3.0" });
  assertEquals(session.clientId, "orders");
  assertEquals(session.software, { name: "librdkafka", version: "2.3.0" });
  session.end();
  assertEquals(session.phase, "ended");
});

Deno.test("of several pauses the longest is taken, once", () => {
  const session = new Session({ remote, listener });
  session.pauseUntil(700);
  session.pauseUntil(300);
  assertEquals(session.pausedUntilMs, 700);
  assertEquals(session.takePause(), 700);
  assertEquals(session.takePause(), 0);
});

Deno.test("a trace names the principal of who has said who they are, and of nobody else", () => {
  const header = {
    apiKey: Metadata.key,
    apiVersion: 12,
    correlationId: 7,
    clientId: "rdkafka",
    bodyPosition: 0,
  };
  const caption = (principal: typeof anonymous) => {
    const lines: string[] = [];
    const session = new Session({ remote, listener, principal });
    const { clock, codecs } = simulate(1).start("machine");
    const tracer = new Tracer({
      write: (line) => lines.push(line),
      clock,
      codecs,
      filter: {},
      nameOfId: () => undefined,
    });
    tracer.request(session, header, Metadata, { topics: [] });
    return firstOf(lines).split(" > ")[0]?.replace(/^[\d:.]+ /, "");
  };
  assertEquals(caption(anonymous), "10.0.0.2:40312 rdkafka #7");
  assertEquals(caption({ type: "User", name: "alice" }), "10.0.0.2:40312 User:alice rdkafka #7");
  const odd = { type: "User", name: "CN=al ice" };
  assertEquals(caption(odd), '10.0.0.2:40312 "User:CN=al ice" rdkafka #7');
});
