// Large arrays that are freed, on Deno and glibc. Its malloc takes freed memory for what will be
// wanted again: the first large array that is freed has it keep all that are as large or smaller,
// 250 MB after five hundred consumers that never read. With a bound that is set, it does not learn.
//
// With a bound of one's own it keeps 128 KiB at the end of its heap, though, and gives back the
// rest: each batch that is unpacked had fresh pages then, a fifth of what zstd costs. So it keeps
// more.

/** What glibc's mallopt calls M_MMAP_THRESHOLD. */
const mapFromOption = -3;
/** From here on an array has pages of its own, which are the system's again once it is freed. */
const mapFromBytes = 1024 * 1024;
/** What it calls M_TRIM_THRESHOLD. */
const keepOption = -1;
/** So much of the heap's end is kept for what comes next. */
const keptBytes = 16 * 1024 * 1024;

/** From now on they go back to the system at once, where it is glibc that has them. */
export function returnLargeArrays(): void {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return;
  try {
    const functions = { mallopt: { parameters: ["i32", "i32"], result: "i32" } } as const;
    const { mallopt } = Deno.dlopen("libc.so.6", functions).symbols;
    mallopt(mapFromOption, mapFromBytes);
    mallopt(keepOption, keptBytes);
  } catch {
    // Another C library.
  }
}
