import { assertEquals } from "@std/assert";
import { isSocketAddress } from "./socket_address.ts";

const port = [0x23, 0x84];
const of4 = Uint8Array.from([2, 0, ...port, 10, 1, 2, 3, ...new Array(8).fill(0)]);

function of6(groups: readonly number[]): Uint8Array {
  const bytes = groups.flatMap((group) => [group >> 8, group & 255]);
  return Uint8Array.from([10, 0, ...port, 0, 0, 0, 0, ...bytes, 0, 0, 0, 0]);
}

Deno.test("an address of Linux is the one that a runtime tells", () => {
  const is = (bytes: Uint8Array, host: string, at = 9092) =>
    isSocketAddress(bytes, { host, port: at });
  assertEquals(is(of4, "10.1.2.3"), true);
  assertEquals(is(of4, "10.1.2.30"), false);
  assertEquals(is(of4, "10.1.2.3", 9093), false);
  assertEquals(is(of6([0, 0, 0, 0, 0, 0xffff, 0x0a01, 0x0203]), "10.1.2.3"), true);
  assertEquals(is(of6([0, 0, 0, 0, 0, 0, 0, 1]), "::1"), true);
  assertEquals(is(of6([0xfe80, 0, 0, 0, 0, 0, 0xabc, 0xd]), "fe80::abc:d%eth0"), true);
  assertEquals(is(of6([0xfe80, 0, 0, 0, 0, 0, 0xabc, 0xd]), "fe80::abc:e"), false);
  assertEquals(is(Uint8Array.from([1, 0, ...port, 47]), "10.1.2.3"), false, "a Unix socket");
});
