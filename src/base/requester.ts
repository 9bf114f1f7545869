// Who has asked for something that takes its time, and may be gone before it is there.

/** A client, for as long as its connection lasts. */
export interface Requester {
  /** Whether it is gone: nobody will take an answer. */
  readonly hasLeft: boolean;
  /** Has `run` called when it leaves; at once where it has. Returns how that is taken back. */
  onEnd(run: () => void): () => void;
}
