// The ports suite on Deno.

import { denoRuntime } from "../../src/runtime/deno.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";

portsSuite(realSubject(denoRuntime()));
