// `ottla doctor`: why a client cannot work with a cluster, in plain words and with what helps.

import { escaped } from "../base/visible.ts";
import { type Finding, loadDiagnosis } from "../client/mod.ts";
import { command } from "./arguments.ts";
import { brokerOf, brokerOptions } from "./broker_client.ts";
import { type CliContext, exitCode } from "./context.ts";
import { renderJson } from "./table.ts";

const doctor = command({
  name: "doctor",
  operands: [],
  about: "dial a cluster as a client would, and say what is wrong",
  options: {
    json: { kind: "flag", about: "print JSON instead of sentences" },
    ...brokerOptions,
  },
  examples: [
    ["doctor", "the broker on this machine"],
    ["doctor --bootstrap kafka:9093 --ca ca.pem --user alice --password-file alice.txt", "another"],
  ],
  run: async (context, { options }) => {
    const { diagnose } = await loadDiagnosis();
    const findings: Finding[] = [];
    for await (const finding of diagnose(context.runtime, await brokerOf(context, options))) {
      findings.push(finding);
      if (!options.json) printFinding(context, finding);
    }
    if (options.json) context.out(renderJson(findings));
    const isIll = findings.some(({ level }) => level === "fault");
    if (!isIll) context.note("A client works with this cluster.");
    return isIll ? exitCode.failed : exitCode.ok;
  },
});

function printFinding(context: CliContext, { level, text, fix }: Finding): void {
  context.out(escaped(`${level.padEnd(7)}  ${text}`) + "\n");
  if (fix !== undefined) context.out("         do:  " + escaped(fix) + "\n");
}

export const commands = [doctor];
