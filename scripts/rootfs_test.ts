import { assertEquals } from "@std/assert";
import { librariesIn } from "./rootfs.ts";

Deno.test("libraries are what ldd found on disk, the loader among them", () => {
  const printed = [
    "\tlinux-vdso.so.1 (0x00007f16b71a5000)",
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f16b6fb2000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f16b71a7000)",
  ].join("\n");
  assertEquals(librariesIn(printed), [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
});
