// The ports suite on Bun: `bun test ./tests/runtime/bun_entry.ts`.

import { bunRuntime } from "../../src/runtime/bun.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";
import { httpSuite } from "./suite_http.ts";
import { processSuite } from "./suite_process.ts";
import { tlsSuite } from "./suite_tls.ts";

const subject = realSubject(bunRuntime());
portsSuite(subject);
httpSuite(subject);
processSuite(subject);
tlsSuite(subject);
