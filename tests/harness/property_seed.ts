// Loaded before each file of tests (`--preload`): properties are held against the same values each
// time, unless OTTLA_CRASH_SEED says otherwise. Where this is not loaded they are new each time.

import fc from "fast-check";
import { chosenSeed } from "./seeds.ts";

const seed = chosenSeed() ?? 1;
if (seed !== "random") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
