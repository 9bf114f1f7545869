// The ports suite on Deno.

import { denoRuntime } from "../../src/runtime/deno.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";
import { httpSuite } from "./suite_http.ts";
import { processSuite } from "./suite_process.ts";

const subject = realSubject(denoRuntime());
portsSuite(subject);
httpSuite(subject);
processSuite(subject);
