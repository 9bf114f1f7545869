// The page of the protocol: rows by version, with what the tables say.

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  about,
  api,
  array,
  errorCode,
  from,
  int8,
  nullable,
  string,
  tagged,
  until,
  words,
} from "../src/protocol/schema.ts";
import { protocolPage } from "./protocol_docs.ts";

const Greet = api({
  key: 500,
  name: "Greet",
  versions: "0-5",
  flexible: "3+",
  about: "Greets whom one likes.",
  errors: { guests: { INVALID_REQUEST: "the guest is not at home" } },
  request: {
    manner: about("How to greet", words({ [-1]: "loud", 0: "shy" }, int8)),
    guests: array({ nick: until(2, about("How friends call it", string)) }),
    later: about("Not served yet", from(5, string)),
    gift: about("Something | to give", tagged(0, 4, nullable(string))),
  },
  response: { guests: array({ errorCode }) },
});

Deno.test("a field is a row with its path, its versions among those served, and its words", () => {
  const page = protocolPage([{ api: Greet, serves: { min: 1, max: 4 } }]);
  for (
    const line of [
      "| 500 | [Greet](#greet-key-500) | Greets whom one likes. |",
      "Versions 1 to 4; flexible: from 3 on.",
      "| `manner` | int8 |  | How to greet (0 shy, -1 loud) |",
      "| `guests[].nick` | string | 1-2 | How friends call it |",
      "| `gift` | string or null, tag 0 | 4+ | Something \\| to give |",
      "| `guests[].errorCode` | int16 |  | What went wrong; NONE where nothing did |",
      "| `guests` | INVALID_REQUEST (42) | the guest is not at home |",
    ]
  ) assertStringIncludes(page, `${line}\n`);
  assertEquals(page.includes("later"), false);
});
