// Runs a scenario of transactions: a text of commands, each followed by what the table then did.
//
//   init t1 fresh=1 timeout=60000          a command: a word, positional words, key=value words
//     + t1 Empty 1/0                        a record that was appended (x: that the log refused)
//     NONE 1/0 [durable]                    an answer; [durable]: it waits for the log
//   # text                                  a comment; kept, as are empty lines
//
// Commands: config, init, add, verify, commit, abort, take (waits for what is prepared), marked
// (markers were written), describe, list, tick, refuse (the log refuses the next append), restart
// (replay of the log, through bytes), resign, stored (a record comes into the log, and all is read
// again). Producers are id/epoch. Time starts at 0 and moves by
// `tick` alone, by deadlines.

import { itemAt, missing } from "../../src/base/items.ts";
import {
  type PartitionsByTopic,
  type PlainResponse,
  type PreparedResponse,
  type ProducerResponse,
  type Transaction,
  type TransactionConfig,
  transactionConfigDefaults,
  type TransactionRecord,
  type TransactionResponse,
} from "../../src/coordinator/mod.ts";
import {
  encodeTransactionKey,
  encodeTransactionValue,
} from "../../src/coordinator/transactions/record_codec.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import type { CarriedOut } from "./machine_shell.ts";
import { type TransactionShell, transactionShell } from "./transaction_shell.ts";

type Carried = CarriedOut<TransactionRecord, TransactionResponse>;

interface Command {
  readonly verb: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

class Script {
  config: TransactionConfig = { ...transactionConfigDefaults, expirationMs: 600_000 };
  readonly shell: TransactionShell = transactionShell(() => this.config);
}

type Verb = (script: Script, command: Command) => string[];

/** `text` with the output of this run in the place of what is recorded in it. */
export function runTransactionScript(text: string): string {
  const script = new Script();
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("  ")) continue;
    lines.push(line);
    if (line === "" || line.startsWith("#")) continue;
    const [verb = "", ...rest] = line.split(" ");
    const run = verbs[verb];
    if (run === undefined) throw new Error(`no command ${verb}`);
    const command = {
      verb,
      words: rest.filter((word) => !word.includes("=")),
      options: new Map(
        rest.filter((word) => word.includes("=")).map((word) =>
          word.split("=", 2) as [string, string]
        ),
      ),
    };
    lines.push(...run(script, command).map((printed) => `  ${printed}`));
  }
  return lines.join("\n");
}

const verbs: Readonly<Record<string, Verb>> = {
  config(script, { options }) {
    const change = Object.fromEntries([...options].map(([key, value]) => [key, Number(value)]));
    script.config = { ...script.config, ...change };
    return [];
  },

  init({ shell }, { words: [transactionalId = missing(), said], options }) {
    const expected = said === undefined ? undefined : {
      producerId: producerOf(said).producerId,
      epoch: producerOf(said).producerEpoch,
    };
    const input = {
      transactionalId,
      expected,
      timeoutMs: Number(options.get("timeout") ?? 60_000),
      freshProducerId: undefined,
    };
    const wants = shell.machine.initWantsProducerId(input);
    const fresh = wants ? Number(options.get("fresh")) : undefined;
    return printed(shell.carryOut(
      shell.machine.initProducerId(
        { ...input, freshProducerId: fresh },
        shell.at<ProducerResponse>(),
      ),
    ));
  },

  add(
    { shell },
    { words: [transactionalId = missing(), producer = missing(), ...partitions], options },
  ) {
    return printed(shell.carryOut(shell.machine.addPartitions({
      transactionalId,
      ...producerOf(producer),
      partitions: partitionsOf(partitions),
      clientVersion: Number(options.get("version") ?? 2),
    }, shell.at<PlainResponse>())));
  },

  verify({ shell }, { words: [transactionalId = missing(), producer = missing(), ...names] }) {
    const partitions = names.map((name) => {
      const [topic, partition] = splitPartition(name);
      return { topic, partition };
    });
    const claim = { transactionalId, ...producerOf(producer), partitions };
    return shell.machine.verifyPartitions(claim).map((code, i) =>
      `${itemAt(names, i)} ${errorName(code)}`
    );
  },

  commit: (script, command) => end(script, command, true),
  abort: (script, command) => end(script, command, false),

  take: ({ shell }) =>
    printed(shell.carryOut(shell.machine.takePrepared(shell.at<PreparedResponse>()))),

  marked({ shell }, { words: [transactionalId = missing(), handedOut, ...partitions] }) {
    const written = [{
      transactionalId,
      handedOut: Number(handedOut),
      partitions: partitionsOf(partitions),
    }];
    return printed(
      shell.carryOut(shell.machine.markersWritten(written, shell.at<PlainResponse>())),
    );
  },

  describe({ shell }, { words: [transactionalId = missing()] }) {
    const described = shell.machine.describe(transactionalId);
    if (described.errorCode !== ErrorCode.NONE) return [errorName(described.errorCode)];
    const { transactionState, producerId, producerEpoch, topics } = described;
    const partitions = new Map(topics.map(({ topic, partitions }) => [topic, new Set(partitions)]));
    return [
      [`${transactionState} ${producerId}/${producerEpoch}`, ...named(partitions)].join(" "),
    ];
  },

  list({ shell }, { options }) {
    const pattern = options.get("prefix");
    const listed = shell.machine.list({
      states: new Set(options.get("states")?.split(",")),
      producerIds: new Set(options.get("producers")?.split(",").map(Number)),
      durationMs: Number(options.get("longer") ?? -1),
      matches: pattern === undefined ? undefined : (id) => id.startsWith(pattern),
    }, shell.nowMs);
    return listed.map(({ transactionalId, producerId, transactionState }) =>
      `${transactionalId} ${producerId} ${transactionState}`
    );
  },

  tick({ shell }, { words: [ms] }) {
    const untilMs = shell.nowMs + Number(ms);
    const lines: string[] = [];
    for (;;) {
      const dueMs = shell.machine.nextDeadlineMs() ?? Infinity;
      if (dueMs > untilMs) break;
      shell.nowMs = Math.max(dueMs, shell.nowMs);
      const happened = printed(shell.carryOut(shell.machine.onTick(shell.nowMs)));
      lines.push(...happened.map((line) => `${shell.nowMs} ${line}`));
    }
    shell.nowMs = untilMs;
    return lines;
  },

  refuse({ shell }, { words: [name = "KAFKA_STORAGE_ERROR"] }) {
    shell.refuseNext = ErrorCode[name as keyof typeof ErrorCode];
    return [];
  },

  stored({ shell }, { words: [transactionalId = missing(), producer = missing(), state] }) {
    const transaction = {
      transactionalId,
      ...producerOf(producer),
      state: state as Transaction["state"],
      previousProducerId: -1,
      nextProducerId: -1,
      nextProducerEpoch: -1,
      timeoutMs: 60_000,
      partitions: new Map(),
      startMs: -1,
      updatedMs: shell.nowMs,
      clientVersion: 2,
    };
    const record = { transactionalId, transaction };
    shell.log.push({
      key: encodeTransactionKey(record),
      value: encodeTransactionValue(record, 2),
    });
    return printed(shell.restart());
  },

  restart: ({ shell }) => printed(shell.restart()),

  resign({ shell }) {
    const answers = shell.machine.resign(ErrorCode.NOT_COORDINATOR, shell.nowMs);
    return printed({ notes: [], answers, batches: [] });
  },
};

function end(
  { shell }: Script,
  { words: [transactionalId = missing(), producer = missing()], options }: Command,
  commit: boolean,
): string[] {
  const clientVersion = Number(options.get("version") ?? 2);
  const claim = { transactionalId, ...producerOf(producer) };
  const wants = shell.machine.endWantsProducerId({ transactionalId, clientVersion });
  const freshProducerId = wants ? Number(options.get("fresh")) : undefined;
  return printed(shell.carryOut(
    shell.machine.end(
      { ...claim, commit, clientVersion, freshProducerId },
      shell.at<ProducerResponse>(),
    ),
  ));
}

function producerOf(text: string): { producerId: number; producerEpoch: number } {
  const [producerId = missing(), producerEpoch = missing()] = text.split("/").map(Number);
  return { producerId, producerEpoch };
}

function splitPartition(name: string): [topic: string, partition: number] {
  const at = name.lastIndexOf("-");
  return [name.slice(0, at), Number(name.slice(at + 1))];
}

function partitionsOf(names: readonly string[]): PartitionsByTopic {
  const partitions = new Map<string, Set<number>>();
  for (const name of names) {
    const [topic, partition] = splitPartition(name);
    partitions.set(topic, (partitions.get(topic) ?? new Set()).add(partition));
  }
  return partitions;
}

function named(partitions: PartitionsByTopic): string[] {
  return [...partitions].flatMap(([topic, ids]) => [...ids].map((id) => `${topic}-${id}`));
}

function printed({ batches, answers, notes }: Carried): string[] {
  return [
    ...batches.flatMap(({ records, errorCode }) =>
      records.map((record) => `${errorCode === ErrorCode.NONE ? "+" : "x"} ${printRecord(record)}`)
    ),
    ...notes.map(({ message, fields }) => `note: ${message} ${JSON.stringify(fields)}`),
    ...answers.flatMap(({ response, failed }) =>
      printResponse(response).map((line) => failed === undefined ? line : `${line} [durable]`)
    ),
  ];
}

function printRecord({ transactionalId, transaction }: TransactionRecord): string {
  if (transaction === null) return `${transactionalId} (forgotten)`;
  const { state, producerId, producerEpoch, nextProducerId, partitions } = transaction;
  const next = nextProducerId === -1 ? [] : [`next=${nextProducerId}`];
  return [transactionalId, state, `${producerId}/${producerEpoch}`, ...next, ...named(partitions)]
    .join(" ");
}

function printResponse(response: TransactionResponse): string[] {
  const { errorCode } = response;
  if ("transactions" in response) {
    if (errorCode !== ErrorCode.NONE) return [errorName(errorCode)];
    return response.transactions.map((each) =>
      [
        `#${each.handedOut}`,
        each.transactionalId,
        each.commit ? "commit" : "abort",
        `${each.producerId}/${each.producerEpoch}`,
        ...named(each.partitions),
      ].join(" ")
    );
  }
  if (!("producerId" in response) || errorCode !== ErrorCode.NONE) return [errorName(errorCode)];
  return [`${errorName(errorCode)} ${response.producerId}/${response.producerEpoch}`];
}
