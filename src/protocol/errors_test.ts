import { assert, assertEquals } from "@std/assert";
import { ErrorCode, errorMessage, errorName } from "./errors.ts";

Deno.test("an error code has a name and a sentence", () => {
  assertEquals(ErrorCode.NOT_COORDINATOR, 16);
  assertEquals(errorName(16), "NOT_COORDINATOR");
  assertEquals(errorMessage(16), "This broker does not coordinate this group or transaction.");
});

Deno.test("a code of a newer broker still has something to show", () => {
  assertEquals(errorName(9999), "ERROR_9999");
  assertEquals(errorMessage(9999), "Error code 9999 is not known.");
});

Deno.test("codes run from -1 on without a gap, each with a sentence", () => {
  const codes = Object.values(ErrorCode);
  assertEquals(codes, codes.map((_, index) => index - 1));
  for (const code of codes) assert(/^[A-Za-z].*\.$/.test(errorMessage(code)), errorMessage(code));
});
