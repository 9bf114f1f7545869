// How many bytes all answers together hold: those being read for a Fetch, and those that wait for
// clients to take them. Kafka sends records from the file and holds none; here each client that
// asks for much and does not read could hold `fetch.max.bytes`.
//
//   add --> being read, or waiting for the socket --> remove: sent, or the connection is closed
//
// Invariant: a Fetch brings at most `room`, and a batch where there is none, so that every client
// goes on. So all of them together hold at most the bound and a batch for each connection.

export class AnswerMemory {
  readonly #bytesMax: () => number;
  #bytes = 0;

  constructor(bytesMax: () => number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that an answer may bring now. */
  get room(): number {
    return Math.max(0, this.#bytesMax() - this.#bytes);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}
