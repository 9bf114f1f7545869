// A client without manners: it sends what it likes, may stop in the middle or never read, and
// throws away what comes back. Nothing that the broker does to it is an error: it is told.

import type { Reachable } from "../harness/raw_client.ts";

/** How an exchange ended. */
export type Ending = "answered" | "closed";

export class RudeClient {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(256 * 1024);
  /** Bytes of the buffer that no answer was found in yet, and those of an answer to come. */
  #end = 0;
  #skip = 0;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open({ host, port }: Reachable): Promise<RudeClient> {
    return new RudeClient(await Deno.connect({ hostname: host, port }));
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed before.
    }
  }

  /** Whether the broker took all of it. Waits as long as that takes. */
  async send(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Sends requests and takes an answer to each of them. */
  async exchange(requests: readonly Uint8Array[]): Promise<Ending> {
    const sending = (async () => {
      for (const request of requests) if (!await this.send(request)) return;
    })();
    const ending = await this.#answers(requests.length);
    await sending;
    return ending;
  }

  async #answers(count: number): Promise<Ending> {
    const buffer = this.#buffer;
    const view = new DataView(buffer.buffer);
    for (let left = count; left > 0;) {
      const read = await this.#connection.read(buffer.subarray(this.#end)).catch(() => null);
      if (read === null) return "closed";
      this.#end += read;
      let start = Math.min(this.#skip, this.#end);
      this.#skip -= start;
      if (this.#skip === 0 && start > 0) left--;
      while (this.#skip === 0 && this.#end - start >= 4) {
        const size = 4 + view.getInt32(start);
        this.#skip = Math.max(0, start + size - this.#end);
        start = Math.min(this.#end, start + size);
        if (this.#skip === 0) left--;
      }
      buffer.copyWithin(0, start, this.#end);
      this.#end -= start;
    }
    return "answered";
  }
}
