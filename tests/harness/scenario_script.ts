// Runs a scenario: a text of commands, each followed by what the group table then did.
//
//   join g1 client=a protocols=range        a command: a word, positional words, key=value words
//     a: MEMBER_ID_REQUIRED member=a-1       recorded output, indented by two spaces
//   # text                                   a comment; kept, as are empty lines
//
// Commands: config, join, sync, heartbeat, leave, commit, txn-commit, fetch, describe, list,
// delete, delete-offsets, delete-topics, tick, refuse (the log refuses the next append), restart
// (replay of the log, through bytes), resign; those of consumer, share and streams groups are in
// consumer_script.ts, share_script.ts and streams_script.ts. Time starts at 0 and moves by `tick`
// alone, by deadlines. `[durable]` marks an answer that waits for the log. Member ids end in a
// counter: the first id handed out to client a is a-1. "-" is the empty id.

import { BytesWriter, fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { firstOf, missing } from "../../src/base/items.ts";
import {
  type Answer,
  type At,
  type GroupConfig,
  groupConfigDefaults,
  type GroupDecision,
  type GroupResponse,
  type GroupTable,
} from "../../src/coordinator/mod.ts";
import { encodeAssignment } from "../../src/protocol/consumer_protocol.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import type { TxnOffsetCommitResponse } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import type {
  DeleteGroupsResponse,
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitResponse,
  OffsetDeleteResponse,
  SyncGroupResponse,
} from "../../src/protocol/mod.ts";
import { consumerVerbs, type Words } from "./consumer_script.ts";
import { shareVerbs } from "./share_script.ts";
import type { FakeTopics } from "./fake_topics.ts";
import { type Carried, GroupShell } from "./group_shell.ts";
import {
  printAnswer,
  printError,
  printInstance,
  printNotes,
  printRecord,
  printTopics,
} from "./scenario_print.ts";
import { streamsVerbs } from "./streams_script.ts";

interface Command extends Words {
  readonly verb: string;
}

/** One run of a scenario. */
export class Scenario {
  #config: GroupConfig = { ...groupConfigDefaults, sessionTimeoutMinMs: 1_000 };
  readonly #shell = new GroupShell(() => this.#config);
  /** Who asked, by the number of the request. */
  readonly #askers = new Map<number, string>();

  /** Runs one command line, and returns the lines that it prints. */
  run(line: string): string[] {
    const command = parseCommand(line);
    const verb = verbs[command.verb];
    if (verb === undefined) throw new Error(`no command ${command.verb}`);
    const printed = verb(this, command);
    this.table.assertConsistent();
    return printed;
  }

  get table(): GroupTable {
    return this.#shell.table;
  }

  get nowMs(): number {
    return this.#shell.nowMs;
  }

  get topics(): FakeTopics {
    return this.#shell.topics;
  }

  get config(): GroupConfig {
    return this.#config;
  }

  configure(change: Partial<GroupConfig>): void {
    this.#config = { ...this.#config, ...change };
  }

  refuseNext(errorCode: ErrorCode): void {
    this.#shell.refuseNext = errorCode;
  }

  newUuid(): string {
    return this.#shell.newUuid();
  }

  /** A request of `asker`, now. */
  at<Response>(asker: string): At<Response> {
    const at = this.#shell.at<Response>();
    this.#askers.set(at.asked.id, asker);
    return at;
  }

  /** Appends the records, delivers the answers. */
  settle(decision: GroupDecision): string[] {
    return this.#print(this.#shell.carryOut(decision));
  }

  printAnswer(answer: Answer<GroupResponse>): string {
    return printAnswer(answer, this.#askers.get(answer.to.id));
  }

  /** Lets time pass, stopping at each deadline. */
  tick(forMs: number): string[] {
    const endMs = this.nowMs + forMs;
    const lines: string[] = [];
    for (;;) {
      const dueMs = this.table.nextDeadlineMs() ?? Infinity;
      if (dueMs > endMs) break;
      this.#shell.nowMs = Math.max(this.nowMs, dueMs);
      const printed = this.settle(this.table.onTick(this.nowMs));
      lines.push(...printed.map((line) => `${printTime(this.nowMs)} ${line}`));
    }
    this.#shell.nowMs = endMs;
    return lines;
  }

  /** Reads the log into a new table. */
  restart(): string[] {
    return this.#print(this.#shell.restart());
  }

  #print(carried: Carried): string[] {
    const { batches, answers } = carried;
    const refused = batches.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
    return [
      ...(refused.length > 0 ? [] : printNotes(carried)),
      ...batches.flatMap(({ records }) => records.map(printRecord)),
      ...refused.map(({ errorCode }) => `the log refuses: ${errorName(errorCode)}`),
      ...(refused.length > 0 ? printNotes(carried) : []),
      ...answers.map((each) => this.printAnswer(each)),
    ];
  }
}

/** Runs the scenario `text` and returns it with what it printed in place of the recorded output. */
export function runScenario(text: string): string {
  const scenario = new Scenario();
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("  ")) continue;
    lines.push(line);
    if (line.trim() === "" || line.startsWith("#")) continue;
    lines.push(...scenario.run(line).map((printed) => `  ${printed}`));
  }
  return lines.join("\n");
}

const verbs: Record<string, (scenario: Scenario, command: Command) => string[]> = {
  ...consumerVerbs,
  ...shareVerbs,
  ...streamsVerbs,
  config(scenario, { options }) {
    const keys: Record<string, keyof GroupConfig> = {
      "initial-delay": "initialRebalanceDelayMs",
      "size-max": "groupSizeMax",
      "retention": "offsetsRetentionMs",
      "check": "offsetsRetentionCheckIntervalMs",
      "metadata-max": "offsetMetadataBytesMax",
    };
    for (const [key, value] of options) {
      const number = key.endsWith("max") ? Number(value) : parseTime(value);
      scenario.configure({ [keys[key]!]: number });
    }
    return [];
  },
  join(scenario, { words: [groupId = missing()], options }) {
    const sessionTimeoutMs = parseTime(options.get("session") ?? "10s");
    const clientId = options.get("client") ?? options.get("member")?.split("-")[0] ?? "";
    const topics = (options.get("topics") ?? "t").split(",");
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: parseTime(options.get("rebalance") ?? "60s"),
      memberId: options.get("member") ?? "",
      groupInstanceId: options.get("instance") ?? null,
      protocolType: options.get("type") ?? "consumer",
      protocols: (options.get("protocols") ?? "range").split(",").map((name) => ({
        name,
        metadata: subscription(topics),
      })),
      reason: options.get("reason") ?? null,
    };
    const at = scenario.at<JoinGroupResponse>(options.get("member") ?? clientId);
    const apiVersion = Number(options.get("v") ?? 9);
    // Whoever brings an id needs no new one.
    const uuid = request.memberId === "" ? scenario.newUuid() : "";
    const input = { request, apiVersion, clientId, clientHost: "/192.0.2.1", uuid };
    return scenario.settle(scenario.table.join(input, at));
  },
  sync(scenario, { words: [groupId = missing()], options }) {
    const memberId = options.get("member") ?? "";
    const request = {
      groupId,
      generationId: Number(options.get("generation")),
      memberId,
      groupInstanceId: options.get("instance") ?? null,
      protocolType: options.get("type") ?? "consumer",
      protocolName: options.get("protocol") ?? "range",
      assignments: [
        ...pairs(options.get("assign")).map(([memberId, text]) => ({
          memberId,
          assignment: utf8(text),
        })),
        // As assignors do that have something of their own to say to members.
        ...pairs(options.get("user-data")).map(([memberId, text]) => ({
          memberId,
          assignment: encodeAssignment({ assignedPartitions: [], userData: utf8(text) }, 1),
        })),
      ],
    };
    const at = scenario.at<SyncGroupResponse>(memberId);
    return scenario.settle(scenario.table.sync({ request, apiVersion: 5 }, at));
  },
  heartbeat(scenario, { words: [groupId = missing()], options }) {
    const memberId = options.get("member") ?? "";
    const request = {
      groupId,
      generationId: Number(options.get("generation")),
      memberId,
      groupInstanceId: options.get("instance") ?? null,
    };
    const { errorCode } = scenario.table.heartbeat(request, { nowMs: scenario.nowMs });
    return [`${memberId}: ${errorName(errorCode)}`];
  },
  leave(scenario, { words: [groupId = missing()], options }) {
    const members = [
      ...list(options.get("member")).map((memberId) => ({ memberId, groupInstanceId: null })),
      ...list(options.get("instance")).map((groupInstanceId) => ({
        memberId: options.get("as") ?? "",
        groupInstanceId,
      })),
    ].map((member) => ({ ...member, reason: null }));
    const apiVersion = Number(options.get("v") ?? 5);
    const request = { groupId, memberId: firstOf(members).memberId, members };
    const at = scenario.at<LeaveGroupResponse>("leave");
    return scenario.settle(scenario.table.leave({ request, apiVersion }, at));
  },
  commit(scenario, command) {
    const { options } = command;
    const request = {
      ...commitRequest(command),
      retentionTimeMs: options.has("retention") ? parseTime(options.get("retention")!) : -1,
    };
    const at = scenario.at<OffsetCommitResponse>("commit");
    const apiVersion = Number(options.get("v") ?? 8);
    return scenario.settle(scenario.table.commitOffsets({ request, apiVersion }, at));
  },
  "txn-commit"(scenario, command) {
    const { topics, ...who } = commitRequest(command);
    const request = {
      ...who,
      transactionalId: "t",
      producerId: 1,
      producerEpoch: 0,
      topics,
    };
    const at = scenario.at<TxnOffsetCommitResponse>("txn-commit");
    const apiVersion = Number(command.options.get("v") ?? 5);
    return scenario.settle(
      scenario.table.commitTransactionOffsets(request, { ...at, apiVersion }),
    );
  },
  fetch(scenario, { words: [groupId = missing(), ...partitions] }) {
    const topics = partitions.length === 0 ? null : partitions.map((partition) => ({
      name: firstOf(partition.split(":")),
      topicId: ZERO_UUID,
      partitionIndexes: [Number(partition.split(":")[1])],
    }));
    const request = { groupId, memberId: null, memberEpoch: -1, topics };
    const fetched = scenario.table.fetchOffsets(request).topics;
    return fetched.flatMap(({ name, partitions }) =>
      partitions.map((p) =>
        `${name}:${p.partitionIndex} offset=${p.committedOffset} epoch=${p.committedLeaderEpoch}` +
        ` metadata="${p.metadata}"`
      )
    );
  },
  describe(scenario, { words: [groupId = missing()], options }) {
    const apiVersion = Number(options.get("v") ?? 5);
    const group = scenario.table.describe(groupId, { apiVersion });
    return [
      `${printError(group.errorCode)}${group.groupState} type=${group.protocolType}` +
      ` protocol=${group.protocolData}`,
      ...group.members.map((member) =>
        `member ${member.memberId}${printInstance(member.groupInstanceId)}` +
        ` host=${member.clientHost} topics=${printTopics(member.memberMetadata)}` +
        ` assigned=${fromUtf8(member.memberAssignment)}`
      ),
    ];
  },
  list(scenario, { options }) {
    const listed = scenario.table.list({
      statesFilter: list(options.get("states")),
      typesFilter: list(options.get("types")),
    });
    return listed.map((group) =>
      `${group.groupId} ${group.groupState} ${group.groupType} type=${group.protocolType}`
    );
  },
  delete(scenario, { words }) {
    const at = scenario.at<DeleteGroupsResponse>("delete");
    return scenario.settle(scenario.table.deleteGroups(words, at));
  },
  "delete-offsets"(scenario, { words: [groupId = missing(), ...partitions] }) {
    const topics = partitions.map((partition) => ({
      name: firstOf(partition.split(":")),
      partitions: [{ partitionIndex: Number(partition.split(":")[1]) }],
    }));
    const at = scenario.at<OffsetDeleteResponse>("delete-offsets");
    return scenario.settle(scenario.table.deleteOffsets({ groupId, topics }, at));
  },
  "delete-topics"(scenario, { words }) {
    return scenario.settle(scenario.table.onImage({ deletedTopics: words }, scenario.nowMs));
  },
  tick(scenario, { words: [time = missing()] }) {
    return scenario.tick(parseTime(time));
  },
  refuse(scenario, { words: [name] }) {
    scenario.refuseNext(ErrorCode[name as keyof typeof ErrorCode]);
    return [];
  },
  restart(scenario) {
    return scenario.restart();
  },
  resign(scenario) {
    const answers = scenario.table.resign(ErrorCode.NOT_COORDINATOR, scenario.nowMs);
    return answers.map((each) => scenario.printAnswer(each));
  },
};

/** What OffsetCommit and TxnOffsetCommit have in common: `t:0=3` or, with metadata, `t:0=3:m`. */
function commitRequest({ words: [groupId = missing()], options }: Command) {
  const topics = [...options].filter(([key]) => key.includes(":")).map(([key, value]) => {
    const [offset, metadata = null] = value.split(":");
    return {
      name: firstOf(key.split(":")),
      topicId: ZERO_UUID,
      partitions: [{
        partitionIndex: Number(key.split(":")[1]),
        committedOffset: Number(offset),
        committedLeaderEpoch: 0,
        commitTimestamp: -1,
        committedMetadata: metadata,
      }],
    };
  });
  return {
    groupId,
    generationIdOrMemberEpoch: Number(options.get("generation") ?? -1),
    memberId: options.get("member") ?? "",
    groupInstanceId: options.get("instance") ?? null,
    topics,
  };
}

function parseCommand(line: string): Command {
  const [verb = missing(), ...rest] = line.trim().split(/\s+/);
  const options = new Map<string, string>();
  const words: string[] = [];
  for (const word of rest) {
    const split = word.indexOf("=");
    if (split < 0) words.push(word);
    else options.set(word.slice(0, split), word.slice(split + 1));
  }
  return { verb, words: words.map((word) => word === "-" ? "" : word), options };
}

const timeUnits: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function parseTime(text: string): number {
  const [, number, unit] = /^(-?\d+)([a-z]+)$/.exec(text) ?? [];
  if (unit === undefined || !(unit in timeUnits)) throw new Error(`no time: ${text}`);
  return Number(number) * timeUnits[unit]!;
}

function printTime(ms: number): string {
  return `[${ms / 1_000}s]`;
}

function list(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",");
}

/** "a:x,b:y" as pairs. */
function pairs(text: string | undefined): [string, string][] {
  return list(text).map((pair) => {
    const split = pair.indexOf(":");
    return [pair.slice(0, split), pair.slice(split + 1)];
  });
}

/** A ConsumerProtocol subscription, version 0. */
export function subscription(topics: readonly string[]): Uint8Array {
  const writer = new BytesWriter();
  writer.int16(0);
  writer.int32(topics.length);
  for (const topic of topics) {
    writer.int16(topic.length);
    writer.text(topic);
  }
  writer.int32(-1);
  return writer.finish();
}
