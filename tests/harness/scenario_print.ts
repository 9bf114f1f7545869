// Outcomes as scenarios show them: one line each for a note, a record, an answer.
//
//   log: group is stable (group=g generation=1 members=2)
//   record: group g generation=1 protocol=range leader=a-1 members: a-1:t/0 b-2:t/1
//   a-1: synced assigned=t/0 [durable]

import { fromUtf8 } from "../../src/base/bytes.ts";
import type { Answer, GroupCoordinatorRecord, GroupResponse } from "../../src/coordinator/mod.ts";
import { topicsOfSubscription } from "../../src/coordinator/groups/classic/subscription.ts";
import { decodeAssignment } from "../../src/protocol/consumer_protocol.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import {
  printConsumerRecord,
  printHeartbeat,
  printPartitions,
  printShareRecord,
} from "./consumer_print.ts";
import type { Carried } from "./group_shell.ts";
import { printStreamsHeartbeat, printStreamsRecord } from "./streams_print.ts";

export function printTopics(metadata: Uint8Array): string {
  return (metadata.length === 0 ? [] : topicsOfSubscription(metadata) ?? ["?"]).join(",");
}

/** A script's own assignments are words; the coordinator's are those of the consumer protocol. */
function printAssignment(assignment: Uint8Array): string {
  if (assignment[0] !== 0) return fromUtf8(assignment);
  return decodeAssignment(assignment).assignedPartitions
    .map(({ topic, partitions }) => `${topic}/${partitions.join(",")}`).join(" ");
}

export function printInstance(groupInstanceId: string | null): string {
  return groupInstanceId === null ? "" : `(${groupInstanceId})`;
}

export function printError(errorCode: ErrorCode): string {
  return errorCode === ErrorCode.NONE ? "" : `${errorName(errorCode)} `;
}

export function printNotes({ notes }: Carried): string[] {
  return notes.map(({ message, fields }) => {
    const text = Object.entries(fields).map(([key, value]) => `${key}=${value}`).join(" ");
    return `log: ${message} (${text})`;
  });
}

export function printRecord(record: GroupCoordinatorRecord): string {
  if (record.type === "OffsetCommit") {
    const { group, topic, partition } = record.key;
    const value = record.value === null ? "tombstone" : record.value.offset;
    return `record: offset ${group || "-"} ${topic}:${partition} = ${value}`;
  }
  if (isOfShareGroup(record)) return printShareRecord(record);
  if (record.type !== "GroupMetadata") {
    return printStreamsRecord(record) ?? printConsumerRecord(record);
  }
  const { value, key: { group } } = record;
  if (value === null) return `record: group ${group} = tombstone`;
  const members = value.members.map(({ memberId, groupInstanceId = null, assignment }) =>
    ` ${memberId}${printInstance(groupInstanceId)}:${printAssignment(assignment)}`
  );
  return `record: group ${group} generation=${value.generation} protocol=${value.protocol}` +
    ` leader=${value.leader} members:${members.join("")}`;
}

export function printAnswer(
  { response, failed }: Answer<GroupResponse>,
  asker: string | undefined,
): string {
  return `${asker}: ${printResponse(response)}${failed === undefined ? "" : " [durable]"}`;
}

function isOfShareGroup(
  record: GroupCoordinatorRecord,
): record is Extract<GroupCoordinatorRecord, { readonly type: `ShareGroup${string}` }> {
  return record.type.startsWith("ShareGroup");
}

function printResponse(response: GroupResponse): string {
  if ("wanted" in response) {
    return response.wanted.map(({ groupId, stateEpoch, topics }) =>
      `begin ${groupId} epoch=${stateEpoch} ${printPartitions(topics)}`
    ).join("; ");
  }
  if ("stateEpoch" in response) {
    const { errorCode, stateEpoch, topics } = response;
    return `${errorName(errorCode)} epoch=${stateEpoch} ${printPartitions(topics)}`;
  }
  if ("generationId" in response) {
    const { errorCode, memberId, leader, generationId, members } = response;
    if (errorCode !== ErrorCode.NONE) return `${errorName(errorCode)} member=${memberId}`;
    return `joined generation=${generationId} protocol=${response.protocolName}` +
      ` leader=${leader} member=${memberId}` +
      (members.length > 0 ? ` members=${members.map((m) => m.memberId).join(",")}` : "") +
      (response.skipAssignment ? " skip-assignment" : "");
  }
  if ("heartbeat" in response) return printStreamsHeartbeat(response);
  if ("heartbeatIntervalMs" in response) return printHeartbeat(response);
  if ("assignment" in response) {
    const { errorCode, assignment } = response;
    if (errorCode !== ErrorCode.NONE) return `${errorName(errorCode)}`;
    return `synced assigned=${printAssignment(assignment)}`;
  }
  if ("results" in response) {
    return response.results.map((r) => `${r.groupId} ${errorName(r.errorCode)}`).join(", ");
  }
  if ("topics" in response) {
    const code = "errorCode" in response ? printError(response.errorCode) : "";
    const partitions = response.topics.flatMap(({ name, partitions }) =>
      partitions.map((p) => `${name}:${p.partitionIndex} ${errorName(p.errorCode)}`)
    );
    return `${code}${partitions.join(", ")}`.trim();
  }
  const members = response.members.map((m) =>
    `${m.memberId}${printInstance(m.groupInstanceId)} ${errorName(m.errorCode)}`
  );
  return [errorName(response.errorCode), ...members].join(", ");
}
