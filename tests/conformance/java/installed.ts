// Whether Apache Kafka can run on this machine.

import { messageOf } from "../../../src/base/faults.ts";
import { run } from "../../harness/process_lines.ts";
import { notInstalled } from "../clients/absence.ts";
import type { Absence } from "../suite.ts";
import { fetchJars } from "./fetch.ts";

/**
 * Why it cannot, for want of Java or Maven; undefined when it can. Where both are there and cannot
 * bring Kafka's jars, it throws with their words.
 */
export async function reasonToSkip(): Promise<string | undefined> {
  for (const [command, flag] of [["java", "-version"], ["mvn", "-v"]] as const) {
    try {
      await run({ command, args: [flag], withinMs: 90_000 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${command} is not installed (Debian: apt-get install maven)`;
    }
  }
  await fetchJars();
  return undefined;
}

/** The same as an outcome of a client. */
export async function javaAbsence(): Promise<Absence | undefined> {
  try {
    const reason = await reasonToSkip();
    return reason === undefined ? undefined : notInstalled("skipped", reason);
  } catch (error) {
    return notInstalled("fail", messageOf(error));
  }
}
