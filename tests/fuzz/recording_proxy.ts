// A proxy between real clients and a broker that keeps every request frame that passes: where the
// corpus of the fuzzers and the examples of --trace come from.

/** A running proxy. The broker must advertise the proxy's address, or clients will go round it. */
export class RecordingProxy implements AsyncDisposable {
  readonly port: number;
  /** Request frames, without their sizes, in order of arrival. */
  readonly frames: Uint8Array[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  #target = 0;

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** Passes on to this port from now on. */
  passTo(port: number): void {
    this.#target = port;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const broker = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.#connections.add(client).add(broker);
      this.#pass(client, broker, new FrameCutter(this.frames));
      this.#pass(broker, client);
    }
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, cutter?: FrameCutter): Promise<void> {
    try {
      for await (const chunk of from.readable) {
        cutter?.take(chunk);
        for (let sent = 0; sent < chunk.length;) sent += await to.write(chunk.subarray(sent));
      }
    } catch {
      // Either side is gone: so is the other, below.
    }
    for (const connection of [from, to]) {
      if (!this.#connections.delete(connection)) continue;
      try {
        connection.close();
      } catch {
        // The stream has closed it already.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await Promise.resolve();
  }
}

/** Cuts one direction of a connection into frames. */
class FrameCutter {
  readonly #frames: Uint8Array[];
  #rest: Uint8Array = new Uint8Array(0);

  constructor(frames: Uint8Array[]) {
    this.#frames = frames;
  }

  take(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    let start = 0;
    const view = new DataView(bytes.buffer);
    while (bytes.length - start >= 4) {
      const end = start + 4 + view.getInt32(start);
      if (end > bytes.length) break;
      this.#frames.push(bytes.slice(start + 4, end));
      start = end;
    }
    this.#rest = bytes.subarray(start);
  }
}
