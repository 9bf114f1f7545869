import { assertEquals } from "@std/assert";
import { openFilesMax, posixLockHolder } from "./proc_files.ts";

Deno.test("the holder of a POSIX lock is found by the file's device and inode", () => {
  const locks = [
    "1: POSIX  ADVISORY  WRITE 4711 fe:00:10037210 0 EOF",
    "2: FLOCK  ADVISORY  WRITE 4712 08:11:77 0 EOF",
    "3: POSIX  ADVISORY  WRITE 4713 08:11:78 0 EOF",
    "",
  ].join("\n");
  const holderOf = (device: number, inode: number) =>
    posixLockHolder({ device, inode }, (path) => path === "/proc/locks" ? locks : undefined);
  assertEquals(holderOf(0xfe00, 10037210), 4711);
  assertEquals(holderOf(0x0811, 78), 4713);
  assertEquals(holderOf(0x0811, 77), undefined, "flock is another kind of lock");
  assertEquals(holderOf(0x0812, 78), undefined, "another device");
  assertEquals(posixLockHolder({ device: 1, inode: 1 }, () => undefined), undefined);
});

Deno.test("how many files may be open is the soft limit, where there is one", () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit
Max processes             unlimited            unlimited            processes
Max open files            ${soft.padEnd(20)} 4096                 files
`;
  assertEquals(openFilesMax(() => limits("1024")), 1024);
  assertEquals(openFilesMax(() => limits("unlimited")), undefined);
  assertEquals(openFilesMax(() => undefined), undefined);
});
