import { assertEquals } from "@std/assert";
import { nameOf, parentOf, withoutEnd } from "./paths.ts";

Deno.test("a path is taken apart by the separators of its system", () => {
  const posix = { separators: "/" };
  const windows = { separators: "/\\" };
  const cases = [
    [posix, "/var/lib/ottla", "/var/lib", "ottla"],
    [posix, "/var/lib/ottla//", "/var/lib", "ottla"],
    [posix, "/ottla", "/", "ottla"],
    [posix, "ottla-data", ".", "ottla-data"],
    [posix, ".", ".", "."],
    [posix, "/", "/", ""],
    [posix, "C:\\data", ".", "C:\\data"],
    [posix, "C:\\data\\/t-0", "C:\\data\\", "t-0"],
    [windows, "C:\\data\\ottla\\", "C:\\data", "ottla"],
    [windows, "C:\\data/t-0", "C:\\data", "t-0"],
  ] as const;
  for (const [files, path, parent, name] of cases) {
    assertEquals([parentOf(path, files), nameOf(path, files)], [parent, name], path);
  }
  assertEquals(withoutEnd("data\\", posix), "data\\");
  assertEquals(withoutEnd("data\\", windows), "data");
});
