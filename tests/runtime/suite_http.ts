// The part of the ports suite about HTTP, which the simulated runtime refuses: every sentence of
// `HttpPort`, and the bounds that its header promises.

import assert from "node:assert/strict";
import type { Address, HttpServer, Runtime, Socket, TlsTerms } from "../../src/runtime/ports.ts";
import { alice, ca, server } from "../harness/certificates.ts";
import { check, fails, type SubjectOptions } from "./subject.ts";

const anyPort = { host: "127.0.0.1", port: 0 };
const decoder = new TextDecoder();

function textOf(chunks: readonly Uint8Array[]): string {
  return chunks.map((chunk) => decoder.decode(chunk)).join("");
}

/** What comes on `socket` until it ends; an end by a reset is an end. */
async function untilEnd(socket: Socket): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const bytes = new Uint8Array(64 * 1024);
      const count = await socket.read(bytes);
      if (count === null) break;
      chunks.push(bytes.subarray(0, count));
    }
  } catch {
    // Reset: what came before is what there is.
  }
  return textOf(chunks);
}

/** A connection on which `text` was sent. */
async function send(runtime: Runtime, server: HttpServer, text: string): Promise<Socket> {
  const socket = await runtime.network.connect(server.address);
  await socket.write(new TextEncoder().encode(text))?.catch(() => {});
  return socket;
}

function urlOf({ address }: HttpServer, path: string): string {
  return `http://${address.host}:${address.port}${path}`;
}

export function httpSuite(options: SubjectOptions): void {
  check("a server is asked, by GET or with a form", options, async ({ runtime: { http } }) => {
    const server = await http.serve(anyPort, ({ method, headers, url }) => {
      const { pathname, search } = new URL(url);
      const text = `${method} ${pathname}${search} ${headers.get("content-type")} ` +
        `${headers.get("content-length") ?? "none"} ${headers.get("x-me")}`;
      return new Response(text, { status: 203 });
    });
    const terms = { msMax: 10_000, bytesMax: 1_000, headers: { "x-me": "mine" } };
    const got = await http.ask(urlOf(server, "/a?b=c"), terms);
    assert.deepEqual([got.status, textOf([got.body])], [203, "GET /a?b=c null none mine"]);
    const { body } = await http.ask(urlOf(server, "/form"), { ...terms, form: "a=1&b=2" });
    assert.match(textOf([body]), /^POST \/form application\/x-www-form-urlencoded 7 mine$/);
    await server.close();
    const message = await fails("Refused", () => http.ask(urlOf(server, "/gone"), terms));
    assert.ok(message.includes(`cannot ask ${urlOf(server, "/gone")}`), message);
  });

  check("a client keeps its connections, and follows what has no end", options, async (subject) => {
    const { http, network } = subject.runtime;
    let connections = 0;
    const sent: Socket[] = [];
    const server = await network.listen(anyPort, async (socket) => {
      connections++;
      sent.push(socket);
      const bytes = new Uint8Array(4_096);
      for (let text = ""; !text.includes("{1}"); text += decoder.decode(bytes)) {
        if (await socket.read(bytes.fill(0)) === null) return;
      }
      const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n";
      await socket.write(new TextEncoder().encode(head));
    });
    const { host, port } = server.address;
    const client = http.client({});
    const terms = { msMax: 10_000, bytesMax: 1_000, json: "{1}" };
    const stream = await client.follow(`http://${host}:${port}/`, terms);
    assert.equal(textOf([await stream.read() ?? new Uint8Array()]), "hi");
    const next = stream.read();
    await sent[0]?.write(new TextEncoder().encode("3\r\nyou\r\n"));
    assert.equal(textOf([await next ?? new Uint8Array()]), "you");
    const last = stream.read();
    sent[0]?.close();
    assert.equal(await last.catch(() => null), null);
    stream.close();
    await server.close();
    const answering = await http.serve(
      anyPort,
      ({ headers }) => new Response(headers.get("content-type")),
    );
    for (let i = 0; i < 3; i++) {
      const { body } = await client.ask(urlOf(answering, "/"), terms);
      assert.equal(textOf([body]), "application/json");
    }
    assert.equal(connections, 1);
    client.close();
    await fails("Closed", () => client.ask(urlOf(answering, "/"), terms));
    await answering.close();
  });

  check("an answer that is too long, or too late, is a fault", options, async ({ runtime }) => {
    const server = await runtime.http.serve(
      anyPort,
      ({ url }) =>
        url.endsWith("/never")
          ? new Promise<Response>(() => {})
          : new Response("x".repeat(100_000)),
    );
    const ask = (path: string, bytesMax: number, msMax: number) =>
      runtime.http.ask(urlOf(server, path), { bytesMax, msMax });
    assert.equal((await ask("/", 100_000, 10_000)).body.length, 100_000);
    assert.match(await fails("Io", () => ask("/", 99_999, 10_000)), /more than 99999 bytes/);
    assert.match(await fails("Io", () => ask("/never", 10, 50)), /no answer within 50 ms/);
    await server.close();
  });

  check("a request is answered as the web platform says it", options, async ({ runtime }) => {
    const server = await runtime.http.serve(anyPort, (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const text = `${request.method} ${pathname} ${searchParams} ${request.headers.get("x-me")}`;
      return new Response(text, { status: 203, headers: { "content-type": "text/strange" } });
    });
    assert.equal(server.address.host, "127.0.0.1");
    assert.ok(server.address.port > 0);
    const response = await fetch(urlOf(server, "/a/b?c=1"), { headers: { "X-Me": "mine" } });
    assert.equal(response.status, 203);
    assert.equal(response.headers.get("content-type"), "text/strange");
    assert.equal(await response.text(), "GET /a/b c=1 mine");
    const head = await fetch(urlOf(server, "/"), { method: "HEAD" });
    assert.equal(head.status, 203);
    assert.equal(await head.text(), "");
    await server.close();
  });

  check("what the answer throws is told with status 500", options, async ({ runtime }) => {
    const server = await runtime.http.serve(anyPort, ({ url }) => {
      if (url.endsWith("/late")) return Promise.reject(new Error("it broke later"));
      throw new Error("it broke");
    });
    for (const [path, text] of [["/", "it broke\n"], ["/late", "it broke later\n"]]) {
      const response = await fetch(urlOf(server, path));
      assert.equal(response.status, 500);
      assert.equal(await response.text(), text);
    }
    await server.close();
  });

  check("an HTTP server's address in use is a fault that names it", options, async (subject) => {
    const { http } = subject.runtime;
    const server = await http.serve(anyPort, () => new Response());
    const message = await fails(
      "AddressInUse",
      () => http.serve(server.address, () => new Response()),
    );
    assert.ok(message.includes(`127.0.0.1:${server.address.port}`), message);
    await server.close();
    const again = await http.serve(server.address, () => new Response());
    await again.close();
  });

  check("closing drops idle, silent and unanswered connections", options, async ({ runtime }) => {
    const asked = Promise.withResolvers<void>();
    const server = await runtime.http.serve(anyPort, ({ url }) => {
      if (!url.endsWith("/never")) return new Response("kept");
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
    const silent = await send(runtime, server, "");
    const half = await send(runtime, server, "GET / HT");
    const kept = await send(runtime, server, get("/"));
    const never = await send(runtime, server, get("/never"));
    await asked.promise;
    await server.close();
    const ends = await Promise.all([silent, half, kept, never].map(untilEnd));
    assert.ok(ends[2].endsWith("kept"), ends[2]);
    assert.equal(ends[3], "");
  });

  check("a kept connection has one request answered after the other", options, async (subject) => {
    const { runtime } = subject;
    const server = await runtime.http.serve(anyPort, ({ url }) => new Response(`seen ${url}.`));
    const socket = await runtime.network.connect(server.address);
    for (let i = 0; i < 3; i++) {
      await socket.write(new TextEncoder().encode(`GET /${i} HTTP/1.1\r\nhost: x\r\n\r\n`));
      let text = "";
      while (!text.endsWith(`seen http://x/${i}.`)) {
        const bytes = new Uint8Array(1_000);
        const count = await socket.read(bytes);
        assert.ok(count !== null, `the connection ended at request ${i}: ${text}`);
        text += textOf([bytes.subarray(0, count)]);
      }
    }
    socket.close();
    await server.close();
  });

  check(
    "a head too large, and words that are no request, are refused",
    options,
    async (subject) => {
      const { runtime } = subject;
      const server = await runtime.http.serve(anyPort, () => new Response("answered"));
      const long = `GET /${"a".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`;
      const [first] = (await untilEnd(await send(runtime, server, long))).split("\r\n");
      assert.ok(first === "" || first.startsWith("HTTP/1.1 431"), first);
      const strange = "POST / HTTP/1.1\r\nhost: a b\r\ncontent-length: 9\r\n\r\n";
      const answer = await untilEnd(await send(runtime, server, strange));
      assert.ok(answer.startsWith("HTTP/1.1 400"), answer);
      // A body that never comes is not waited for: the connection ends with the answer.
      const body = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\nabc";
      assert.ok((await untilEnd(await send(runtime, server, body))).endsWith("answered"));
      await server.close();
    },
  );

  check("a connection that says nothing is dropped in time", options, async ({ runtime }) => {
    const server = await runtime.http.serve(anyPort, () => new Response("answered"));
    const silent = await send(runtime, server, "");
    const half = await send(runtime, server, "GET / HT");
    for (const end of await Promise.all([silent, half].map(untilEnd))) assert.equal(end, "");
    await server.close();
  });

  check("a server behind TLS answers whom its terms let in", options, async ({ runtime }) => {
    const { http, network } = runtime;
    const failed: string[] = [];
    const terms: TlsTerms = {
      material: { identity: server, trusted: ca },
      versions: ["TLSv1.2", "TLSv1.3"],
      suites: [],
      clientAuth: "required",
    };
    const onFailed = (_: Address, reason: string) => void failed.push(reason);
    const secure = await http.serveTls(anyPort, { terms, onFailed }, () => new Response("seen"));
    const url = `https://127.0.0.1:${secure.address.port}/`;
    const known = http.client({ trusted: ca, identity: alice });
    const unknown = http.client({ trusted: ca });
    const limits = { msMax: 20_000, bytesMax: 1_000 };
    for (let i = 0; i < 3; i++) {
      assert.equal(textOf([(await known.ask(url, limits)).body]), "seen");
    }
    await assert.rejects(() => unknown.ask(url, limits));
    assert.ok(failed.length > 0, "nobody was told of a handshake that failed");
    await assert.rejects(() => http.ask(`http://127.0.0.1:${secure.address.port}/`, limits));
    secure.renew({ ...terms, clientAuth: "none" });
    assert.equal(textOf([(await unknown.ask(url, limits)).body]), "seen");
    const silent = await network.connect(secure.address);
    known.close();
    await secure.close();
    assert.equal(await untilEnd(silent), "");
    unknown.close();
    await fails("Denied", () => {
      const unfit = { ...terms, material: { identity: { ...server, key: alice.key } } };
      return http.serveTls(anyPort, { terms: unfit, onFailed }, () => new Response());
    });
  });

  check("connections past the bound are dropped, then there is room", options, async (subject) => {
    const { runtime } = subject;
    const server = await runtime.http.serve(anyPort, () => new Response("answered"));
    const get = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const silent: Socket[] = [];
    for (let i = 0; i < 32; i++) silent.push(await send(runtime, server, ""));
    assert.equal(await untilEnd(await send(runtime, server, get)), "");
    for (const socket of silent) socket.close();
    let answer = "";
    while (answer === "") answer = await untilEnd(await send(runtime, server, get));
    assert.ok(answer.endsWith("answered"), answer);
    await server.close();
  });
}
