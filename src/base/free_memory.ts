// Memory given back now instead of when the collector comes to it: a large array that nobody needs
// any more may stay for seconds, and its successors come in the meantime.

/** Empties `buffer`: its memory goes back at once where the engine can do that. */
export function freeMemory(buffer: ArrayBufferLike): void {
  // Node 20 has no transfer; there the collector comes.
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer?.(0);
}
