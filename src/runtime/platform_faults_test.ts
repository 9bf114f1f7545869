import { assertEquals, assertStrictEquals } from "@std/assert";
import { PlatformFault } from "../base/faults.ts";
import { platformFault } from "./platform_faults.ts";

Deno.test("a platform error becomes a kind, and a sentence that names what failed", () => {
  const error = Object.assign(new Error("platform words"), { code: "ENOENT" });
  const fault = platformFault("open /data/x", error);
  assertEquals(fault.kind, "NotFound");
  assertEquals(fault.message, "cannot open /data/x: no such file or directory (ENOENT)");
  assertStrictEquals(fault.cause, error);
});

Deno.test("each code has the kind that callers decide by", () => {
  const kinds = {
    ENOSPC: "NoSpace",
    EDQUOT: "NoSpace",
    EADDRINUSE: "AddressInUse",
    ECONNREFUSED: "Refused",
    EACCES: "Denied",
    EPERM: "Denied",
    EPIPE: "Closed",
    ECONNRESET: "Closed",
    EBADF: "Closed",
    EEXIST: "AlreadyExists",
    EROFS: "ReadOnly",
    EMFILE: "TooManyFiles",
    ENFILE: "TooManyFiles",
    EIO: "Io",
    ESOMETHING: "Io",
  };
  for (const [code, kind] of Object.entries(kinds)) {
    assertEquals(platformFault("try", Object.assign(new Error(code), { code })).kind, kind, code);
  }
});

Deno.test("errors without a code are known by their class, and the rest is Io", () => {
  assertEquals(platformFault("read", new Deno.errors.BadResource("gone")).kind, "Closed");
  assertEquals(platformFault("read", new Deno.errors.NotCapable("no")).kind, "Denied");
  assertEquals(platformFault("read", "text").message, "cannot read: text");
  const fault = new PlatformFault("Refused", "said already");
  assertStrictEquals(platformFault("read", fault), fault);
});
