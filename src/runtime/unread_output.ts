// Whether anybody can still read standard output. Who prints finds out by EPIPE; who waits for
// something to print, as `ottla consume orders | head -1` does, would wait in vain. No runtime
// tells of it, poll(2) of the C library does, without a wait, again and again.
//
//   struct pollfd: descriptor i32 | events i16 = 0 | revents i16: POLLERR (Linux), POLLHUP (macOS)

/** poll(2): how many of `count` descriptors have something to tell. */
export type Poll = (
  descriptors: Uint8Array<ArrayBuffer>,
  count: number,
  timeoutMs: number,
) => number;

/** The C library by its names: glibc, musl, macOS. */
export const cLibraries: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libSystem.dylib",
];

const everyMs = 100;
const standardOutput = 1;
const pollError = 0x08;
const pollHangUp = 0x10;

/** Calls `run` once nobody can read standard output; returns how to stop. */
export function onUnreadOutput(poll: Poll, run: () => void): () => void {
  const descriptors = new Uint8Array(8);
  const view = new DataView(descriptors.buffer);
  const timer = setInterval(() => {
    view.setInt32(0, standardOutput, true);
    view.setUint32(4, 0, true);
    if (poll(descriptors, 1, 0) < 1) return;
    if ((view.getInt16(6, true) & (pollError | pollHangUp)) === 0) return;
    clearInterval(timer);
    run();
  }, everyMs);
  return () => clearInterval(timer);
}
