// The ports suite on Bun: `bun test ./tests/runtime/bun_entry.ts`.

import { bunRuntime } from "../../src/runtime/bun.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";

portsSuite(realSubject(bunRuntime()));
