import { assertEquals } from "@std/assert";
import { brokerKeys, configFamilies, topicKeys } from "./broker_table.ts";
import type { ConfigKey } from "./values.ts";

/** The program's own source: all of src but the tables of keys and the tests. */
function programText(folder: URL): string {
  let text = "";
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) text += programText(new URL(`${name}/`, folder));
    else if (/(?<!_table|_test)\.ts$/.test(name)) {
      text += Deno.readTextFileSync(new URL(name, folder));
    }
  }
  return text;
}

Deno.test("every key is read by the program, or says that it is not", () => {
  const text = programText(new URL("../../", import.meta.url));
  const isRead = (name: string) => text.includes(`"${name}"`);
  const isClaimed = ({ ignored, refused }: ConfigKey) => !ignored && !refused;
  const viaTopics = new Set<string>();
  for (const [name, key] of Object.entries(topicKeys)) {
    if (isRead(name)) { for (const synonym of key.synonyms) viaTopics.add(synonym); }
  }
  const unread = [
    ...Object.entries(brokerKeys).filter(([name]) => !isRead(name) && !viaTopics.has(name)),
    ...Object.entries(topicKeys).filter(([name]) => !isRead(name)),
  ];
  assertEquals(unread.filter(([, key]) => isClaimed(key)).map(([name]) => name), []);
});

Deno.test("families say what becomes of their keys, the narrower prefix first", () => {
  for (const { prefix, ignored, refused } of configFamilies) {
    assertEquals([ignored, refused].filter((reason) => reason !== undefined).length, 1, prefix);
    const hidden = configFamilies.filter((other) =>
      other.prefix !== prefix && prefix.startsWith(other.prefix)
    );
    for (const other of hidden) {
      const first = configFamilies.findIndex((family) => family.prefix === prefix);
      const later = configFamilies.indexOf(other);
      assertEquals(first < later, true, `${prefix} must come before ${other.prefix}`);
    }
  }
});
