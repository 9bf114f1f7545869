// The tables of what is served say enough to teach: what each API and field is for, and which
// errors come when. And what is served is asked by some test in this folder.

import { assert, assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import { errorLevels } from "../../protocol/response_errors.ts";
import { fieldAbout } from "../../protocol/glossary.ts";
import type { Field, Fields } from "../../protocol/types.ts";
import { allHandlers } from "./mod.ts";

const tables = (await allHandlers()).map(({ api }) => api);

Deno.test("every API that is served says what it is for", () => {
  for (const { name, about } of tables) {
    assert(/^[A-Z].{10,95}\.$/.test(about), `${name}: ${about}`);
  }
});

Deno.test("every API that is served says at each level of its answer which errors it gives", () => {
  for (const api of tables) {
    const errors = api.errors ?? {};
    assertEquals(Object.keys(errors).sort(), errorLevels(api).sort(), api.name);
    for (
      const [name, when] of Object.values(errors).flatMap((codes) => Object.entries(codes))
    ) {
      assert(name in ErrorCode && name !== "NONE", `${api.name}: ${name}`);
      assert(when !== undefined && /^[a-z].{5,90}[^.]$/.test(when), `${api.name}: ${when}`);
    }
  }
});

Deno.test("every field of what is served says what it is", () => {
  const silent: string[] = [];
  for (const api of tables) {
    for (const side of ["request", "response"] as const) {
      visitFields(api[side].fields, `${api.name} ${side}`, (path, name, field) => {
        const text = fieldAbout(name, field);
        if (text === undefined) silent.push(path);
        else assert(/^[^a-z].*[^.]$/.test(text) || /^[a-z]+,/.test(text), `${path}: ${text}`);
      });
    }
  }
  assertEquals(silent, []);
});

function visitFields(
  fields: Fields,
  path: string,
  visit: (path: string, name: string, field: Field) => void,
): void {
  for (const [name, field] of Object.entries(fields)) {
    visit(`${path}.${name}`, name, field);
    const inner = field.wire.kind === "array" ? field.wire.element : field.wire;
    if (inner.kind === "struct") visitFields(inner.fields, `${path}.${name}`, visit);
  }
}

Deno.test("every API that is served is asked by a test beside its handler", () => {
  const folder = new URL(".", import.meta.url);
  const tests = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith("_test.ts"));
  const asked = tests.map(({ name }) => Deno.readTextFileSync(new URL(name, folder))).join("\n");
  const untold = tables.filter(({ name }) => !new RegExp(`\\bask\\(\\s*${name},`).test(asked));
  assertEquals(untold.map(({ name }) => name), []);
});
