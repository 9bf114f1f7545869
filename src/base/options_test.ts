import { assertEquals, assertThrows } from "@std/assert";
import { UsageFault } from "./faults.ts";
import { checkOptions, type OptionKinds } from "./options.ts";

interface Options {
  readonly name?: string;
  readonly size?: number;
  readonly fast?: boolean;
  readonly way?: "in" | "out";
}

const kinds: OptionKinds<Options> = {
  name: "text",
  size: "count",
  fast: "flag",
  way: ["in", "out"],
};

Deno.test("options that fit come back without those that are undefined", () => {
  const given = { name: "a", size: 0, fast: undefined, way: "in" } as const;
  assertEquals(checkOptions("open", given, kinds), { name: "a", size: 0, way: "in" });
});

Deno.test("what does not fit is refused in the words of the call", () => {
  const message = (given: unknown) =>
    assertThrows(() => checkOptions("open", given as Options, kinds), UsageFault).message;
  assertEquals(
    message({ nam: "a" }),
    "open does not know the option nam: it takes name, size, fast, way",
  );
  assertEquals(
    message({ toString: 1 }),
    "open does not know the option toString: it takes name, size, fast, way",
  );
  assertEquals(message({ size: "3" }), 'open: size must be a whole number from 0 on, not "3"');
  assertEquals(message({ size: -1 }), "open: size must be a whole number from 0 on, not -1");
  assertEquals(message({ way: "up" }), 'open: way must be "in" or "out", not "up"');
  assertEquals(message({ fast: 1 }), "open: fast must be true or false, not 1");
  assertEquals(message("a"), 'open takes an object of options, not "a"');
  assertEquals(message(null), "open takes an object of options, not null");
  assertEquals(message([]), "open takes an object of options, not a list");
});
