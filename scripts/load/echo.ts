// A bare program that gives back what it gets, for probe.ts, in a process of its own.

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on ${(listener.addr as Deno.NetAddr).port}`);

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay(true);
  const buffer = new Uint8Array(2_048);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return connection.close();
    await connection.write(buffer.subarray(0, count));
  }
}

for await (const connection of listener) serve(connection);
