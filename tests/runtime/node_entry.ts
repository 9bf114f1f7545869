// The ports suite on Node: `node --test tests/runtime/node_entry.ts`.

import { nodeRuntime } from "../../src/runtime/node.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";
import { httpSuite } from "./suite_http.ts";
import { processSuite } from "./suite_process.ts";
import { tlsSuite } from "./suite_tls.ts";

const subject = realSubject(nodeRuntime());
portsSuite(subject);
httpSuite(subject);
processSuite(subject);
tlsSuite(subject);
