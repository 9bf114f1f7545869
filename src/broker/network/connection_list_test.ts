import { assertEquals } from "@std/assert";
import { countByClient, listConnections } from "./connection_list.ts";
import { Session } from "./session.ts";

function client(name: string, { user = "ANONYMOUS", port = 1 } = {}): Session {
  const session = new Session({
    remote: { host: "10.0.0.2", port },
    listener: { name: "OUTSIDE", advertised: { host: "10.0.0.1", port: 9092 } },
    principal: { type: "User", name: user },
  });
  session.onRequest(name);
  return session;
}

Deno.test("a connection is told with its client's names, long ones cut", () => {
  const alice = client("a".repeat(1_000), { user: "alice" });
  alice.onSoftware({ name: "librdkafka", version: "2.12.0" });
  assertEquals(listConnections([alice]), {
    connections: [{
      peer: "10.0.0.2:1",
      listener: "OUTSIDE",
      principal: "User:alice",
      clientId: `${"a".repeat(64)}...`,
      software: "librdkafka 2.12.0",
      isLoggingIn: false,
    }],
    notListed: 0,
  });
});

Deno.test("a thousand connections and a hundred clients are told, the others are counted", () => {
  const many = Array.from({ length: 1_500 }, (_, i) => client(`client-${i % 300}`, { port: i }));
  const busy = Array.from({ length: 7 }, () => client("busy"));
  const { connections, notListed } = listConnections([...many, ...busy]);
  assertEquals([connections.length, notListed], [1_000, 507]);
  const counts = countByClient([...many, ...busy]);
  assertEquals(counts.clients.length, 100);
  assertEquals(counts.clients[0], [["OUTSIDE", "User:ANONYMOUS", "busy"], 7]);
  // Five of each of the others, of whom 99 are told.
  assertEquals(counts.notListed, 1_500 - 99 * 5);
});
