// Clients in other languages: programs of Java and of librdkafka on a machine of their own, each
// with several producers and members of groups, whose lines the ledger takes.
//
//   start ──> at work ──quiet()──> producers have ended ──stop()──> members have, too
//
// Invariant: one that ends by itself is not gone unnoticed: `check` throws.

import { javaWords } from "../conformance/java/streams_application.ts";
import { pythonProgram } from "../conformance/clients/install.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import type { Ledger } from "./ledger.ts";
import type { Machines } from "./machines.ts";

export const clientsName = "clients";
const endMsMax = 900_000;
const javaChaos = new URL("../conformance/java/Chaos.java", import.meta.url).pathname;

/** The groups of members, and those whose positions are set in transactions. */
export const memberGroups = ["java-readers", "librdkafka-readers"] as const;
export const tellerGroups = ["java-teller-1", "java-teller-2", "rd-teller-1", "rd-teller-2"];

interface Program {
  readonly command: readonly string[];
  readonly roles: readonly string[];
}

async function programs(): Promise<Program[]> {
  const librdkafka = await pythonProgram("chaos_client");
  if (librdkafka.program === undefined) throw new Error(librdkafka.absent.reason);
  const python = [librdkafka.program.command, ...librdkafka.program.args];
  const java = ["java", ...await javaWords(), javaChaos];
  const member = (name: string, group: string) => `member:${name}:${group}`;
  return [
    {
      command: java,
      roles: [
        ...["sender:java-sender-1", "sender:java-sender-2"],
        ...["teller:java-teller-1", "teller:java-teller-2"],
        ...[member("java-1", memberGroups[0]), member("java-2", memberGroups[0])],
      ],
    },
    {
      command: python,
      roles: [
        ...["sender:rd-sender-1", "sender:rd-sender-2"],
        ...["teller:rd-teller-1", "teller:rd-teller-2"],
      ],
    },
    {
      command: python,
      roles: [member("rd-1", memberGroups[1]), member("rd-2", memberGroups[1])],
    },
  ];
}

/** Senders and tellers of all programs: among so many the records are shared. */
export const producerCount = 8;

export interface OtherClientsOptions {
  readonly machines: Machines;
  readonly bootstrap: string;
  /** Of each producer. */
  readonly recordsPerSecond: number;
  readonly ledger: Ledger;
  /** Hears what clients have thrown. */
  readonly onTold: (line: string) => void;
}

export class OtherClients {
  readonly #processes: readonly ProcessLines[];
  readonly #quiet: readonly Promise<void>[];

  private constructor(processes: readonly ProcessLines[], quiet: readonly Promise<void>[]) {
    this.#processes = processes;
    this.#quiet = quiet;
  }

  static async start(options: OtherClientsOptions): Promise<OtherClients> {
    const { machines, bootstrap, recordsPerSecond, ledger, onTold } = options;
    const processes: ProcessLines[] = [];
    const quiet: Promise<void>[] = [];
    for (const { command: words, roles } of await programs()) {
      const isQuiet = Promise.withResolvers<void>();
      const [command = "", ...args] = [
        ...[...machines.on(clientsName), ...words],
        ...[bootstrap, recordsPerSecond.toFixed(1), ...roles],
      ];
      const process = new ProcessLines({
        command,
        args,
        interactive: true,
        onLine: (line) => {
          if (line === "quiet") isQuiet.resolve();
          else if (!ledger.take(line)) onTold(line);
        },
      });
      process.finished.then(() => isQuiet.reject(new Error(process.output)));
      isQuiet.promise.catch(() => {}); // Who waits for it is told.
      processes.push(process);
      quiet.push(isQuiet.promise);
    }
    return new OtherClients(processes, quiet);
  }

  /** Throws where one of them has ended. */
  check(): void {
    for (const { ended, output } of this.#processes) {
      if (ended) throw new Error(`a client program has ended\n${output}`);
    }
  }

  /** Ends the producers: resolves once all they have sent is answered. */
  async quiet(): Promise<void> {
    for (const process of this.#processes) process.send("");
    const what = () => this.#processes.map(({ output }) => output.slice(-2_000)).join("\n");
    await within(Promise.all(this.#quiet), { ms: endMsMax, what });
  }

  async kill(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.kill()));
  }
}
