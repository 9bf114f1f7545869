// Whether Apache Kafka can run on this machine.

import { messageOf } from "../../../src/base/faults.ts";
import { run } from "../../harness/process_lines.ts";
import { fetchJars } from "./fetch.ts";

/** Why it cannot, or undefined when it can. */
export async function reasonToSkip(): Promise<string | undefined> {
  for (const [command, flag] of [["java", "-version"], ["mvn", "-v"]] as const) {
    try {
      await run({ command, args: [flag], withinMs: 90_000 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${command} is not installed (Debian: apt-get install maven)`;
    }
  }
  try {
    await fetchJars();
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}
