import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { PlatformFault } from "../../base/faults.ts";
import { memoryFiles } from "../../runtime/memory_files.ts";
import type { Files } from "../../runtime/ports.ts";
import { contentOf, replaceContent } from "../../../tests/harness/log_rig.ts";
import { watchedFiles } from "../../../tests/harness/watched_files.ts";
import { TrialFiles } from "./trial_files.ts";

const clock = { now: () => 1, monotonic: () => 1 };

function filesWith(names: Record<string, string>): Files {
  const files = memoryFiles({ clock });
  files.makeFolder("/data/log");
  for (const [name, text] of Object.entries(names)) {
    replaceContent(files, `/data/log/${name}`, utf8(text));
  }
  return files;
}

/** The calls of `files` as plain properties. */
function filesOf(files: Files): Files {
  return watchedFiles(files, () => {});
}

/** Names and bytes of what is in the folder. */
function seen(files: Files): [string, string][] {
  return files.list("/data/log").map((name) => {
    const content = contentOf(files, `/data/log/${name}`);
    assertEquals(files.stat(`/data/log/${name}`)?.size, content.length);
    return [name, content.join()];
  });
}

Deno.test("a trial sees its changes, and the real files have none of them", () => {
  const files = filesWith({ a: "first", b: "second" });
  const before = seen(files);
  const trial = new TrialFiles(files);
  const a = trial.open("/data/log/a", "append");
  a.truncate(3);
  a.append(utf8("e"));
  trial.rename("/data/log/b", "/data/log/c");
  assertEquals(seen(trial), seen(filesWith({ a: "fire", c: "second" })));
  assertThrows(() => trial.open("/data/log/b", "read"), PlatformFault);
  trial.remove("/data/log");
  assertEquals(trial.stat("/data/log/a"), undefined);
  trial.close();
  assertEquals(seen(files), before);
});

Deno.test("a trial takes memory up to its bound, and gives it back with what is removed", () => {
  const trial = new TrialFiles(filesWith({ a: "real" }), { bytesMax: 100 });
  const a = trial.open("/data/log/a", "append");
  a.append(new Uint8Array(60));
  const fault = assertThrows(() => a.append(new Uint8Array(41)), PlatformFault, "100 bytes");
  assertEquals([fault.kind, a.size], ["NoSpace", 64]);
  a.truncate(10);
  const b = trial.open("/data/log/b", "create");
  b.append(new Uint8Array(94));
  trial.rename("/data/log/a", "/data/log/b");
  const c = trial.open("/data/log/c", "append");
  c.append(new Uint8Array(94));
  trial.remove("/data/log");
  trial.makeFolder("/data/log");
  trial.open("/data/log/d", "append").append(new Uint8Array(100));
});

Deno.test("a trial holds no more real files open than its user does", () => {
  const base = filesWith({ a: "first", b: "second" });
  let open = 0;
  const counted: Files = {
    ...filesOf(base),
    open(path, mode) {
      const file = base.open(path, mode);
      open++;
      const close = () => (open--, file.close());
      return new Proxy(file, {
        get(_, key) {
          if (key === "close") return close;
          const value = Reflect.get(file, key);
          return typeof value === "function" ? value.bind(file) : value;
        },
      });
    },
  };
  const trial = new TrialFiles(counted);
  for (let i = 0; i < 10; i++) {
    for (const mode of ["read", "append"] as const) {
      for (const name of ["a", "b"]) {
        const file = trial.open(`/data/log/${name}`, mode);
        file.readAt(0, new Uint8Array(1));
        file.close();
        file.close();
      }
    }
  }
  assertEquals(open, 0);
  trial.open("/data/log/a", "append");
  trial.close();
  assertEquals(open, 0);
});

Deno.test("whatever is done to files, a trial of it shows the same", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const action = fc.record({
    kind: fc.constantFrom("append", "create", "truncate", "rename", "remove", "read"),
    name,
    other: name,
    text: fc.string({ maxLength: 6 }),
    size: fc.nat(8),
  });
  fc.assert(fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
    const names = { a: "aaaa", b: "bb" };
    const base = filesWith(names);
    const [model, trial] = [filesWith(names), new TrialFiles(base)];
    for (const { kind, name, other, text, size } of actions) {
      const outcomes = [model, trial].map((files) => {
        const path = `/data/log/${name}`;
        try {
          if (kind === "remove") return files.remove(path);
          if (kind === "rename") return files.rename(path, `/data/log/${other}`);
          const mode = kind === "create" || kind === "read" ? kind : "append";
          const file = files.open(path, mode);
          if (kind === "truncate") file.truncate(Math.min(size, file.size));
          else if (kind !== "read") file.append(utf8(text));
          const into = new Uint8Array(size);
          const read = [file.readAt(1, into), into.join()];
          file.close();
          return read;
        } catch (error) {
          if (error instanceof PlatformFault) return error.kind;
          throw error;
        }
      });
      assertEquals(outcomes[0], outcomes[1]);
      assertEquals(seen(trial), seen(model));
    }
    trial.close();
    assertEquals(seen(base), seen(filesWith(names)));
  }));
});
