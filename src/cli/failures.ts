// What a person reads when a command fails: what happened, to what, what to do.

import {
  ConnectionFault,
  EncodeFault,
  messageOf,
  OttlaError,
  PartitionFault,
  PlatformFault,
  UsageFault,
} from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import { ArgumentFault } from "./arguments.ts";
import { type CliContext, exitCode } from "./context.ts";

/**
 * The text for standard error and the exit code. An unforeseen error shows its stack: it is a
 * bug.
 */
export function describeFailure(error: unknown): { text: string; code: number } {
  if (error instanceof ArgumentFault) return { text: error.message, code: exitCode.usage };
  const text = textOf(error);
  return { text, code: exitCode.failed };
}

function textOf(error: unknown): string {
  if (error instanceof UsageFault) return error.message;
  // A line each, whatever a broker or a folder has put into them.
  if (error instanceof PartitionFault) return escaped(error.message);
  if (error instanceof PlatformFault) return escaped(error.message) + hintFor(error);
  if (error instanceof EncodeFault) {
    return `Kafka's protocol has no room for that: ${escaped(error.message)}`;
  }
  if (error instanceof ConnectionFault) {
    return `${escaped(error.message)}. Is it a Kafka broker, and are you allowed in? ` +
      "To find out: ottla doctor";
  }
  if (isKafkaError(error)) return escaped(messageOf(error));
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}

function hintFor(fault: PlatformFault): string {
  switch (fault.kind) {
    case "NotFound":
      if (fault.about === "etcd") return ". Check the names given with --cluster etcd://HOST/NAME";
      return fault.about === "bootstrap" ? ". Check the name given with --bootstrap HOST:PORT" : "";
    case "Refused":
      if (fault.about === "etcd") return ". Does etcd run there? --cluster names its members";
      return ". Is the broker running? Start one with: ottla start";
    case "AddressInUse":
      return fault.about === "metrics"
        ? ". Choose another port with --metrics-port"
        : ". Choose another port with --port, or a free one with --port 0";
    case "Denied":
      return fault.about === "tls" ? ". Trust a broker's certificates with --ca FILE" : "";
    case "Closed":
      return fault.about === "bootstrap" ? ". To find out why: ottla doctor" : "";
    case "NoSpace":
      return ". Free some space and start again";
    default:
      return "";
  }
}

/**
 * Does `work` for each of `names`, whatever becomes of the others: what failed is told, and is the
 * exit code.
 */
export async function eachOf(
  context: CliContext,
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<number> {
  let code: number = exitCode.ok;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      const failure = describeFailure(error);
      context.note(`ottla: ${failure.text}`);
      code = failure.code;
    }
  }
  return code;
}

/** Names what to do when `error` says that topic `name` does not exist; throws in any case. */
export function onUnknownTopic(error: unknown, name: string): never {
  if (isKafkaError(error, "UNKNOWN_TOPIC_OR_PARTITION")) {
    throw new UsageFault(
      `there is no topic ${name}. See: ottla topics list, or: ottla topics create ${name}`,
    );
  }
  throw error;
}

/** Names what to do when `error` says that there is no such group; throws in any case. */
export function onUnknownGroup(error: unknown, groupId: string): never {
  if (isKafkaError(error, "GROUP_ID_NOT_FOUND")) {
    throw new UsageFault(`there is no group ${groupId}. See: ottla groups list`);
  }
  throw error;
}

/** A partition that topic `name` with `count` partitions does not have. */
export function noPartition(name: string, at: { partition: number; count: number }): ArgumentFault {
  const { partition, count } = at;
  const those = count === 1 ? "only 0" : `only 0 to ${count - 1}`;
  return new ArgumentFault(`topic ${name} has no partition ${partition}, ${those}`);
}

/**
 * Whether a broker answered with this error. By name, so that no command loads the client for
 * it.
 */
export function isKafkaError(error: unknown, code?: string): boolean {
  return error instanceof OttlaError && error.name === "KafkaError" &&
    (code === undefined || error.code === code);
}
