// Who may swallow an exception. A catch that throws on hides nothing: it has cleaned up, said
// better what happened, or let go of what is not its class. One that never throws ends whatever
// comes, a bug of ours as well, so each stands in `swallowing`, with why that is right there.
//
//   catch { file.close(); throw error; }                            needs no word
//   catch { if (!(error instanceof DecodeFault)) throw error; ... } needs no word
//   catch { log("it failed"); }     promise.catch(() => {})         stands in the list
//
// Platform errors end in src/runtime, which turns them into faults, so that folder is free.

import ts from "typescript";
import { isTestFile, lineOf, type SourceFile, type Violation, walk } from "./source.ts";

/** How many catches of a file never throw, and why that is right. */
type Swallowing = Readonly<Record<string, readonly [count: number, why: string]>>;

/** This list may only shrink. */
const swallowing: Swallowing = {
  "src/base/send_queue.ts": [2, "the end of the queue, told to its owner"],
  "src/broker/background.ts": [1, "told: the job runs again"],
  "src/broker/broker.ts": [3, "told, or thrown once all is closed"],
  "src/broker/logs/cleaner.ts": [2, "told: the other logs are compacted"],
  "src/broker/config/resources.ts": [1, "the question: is it a pattern"],
  "src/broker/coordination/deleted_topics.ts": [
    1,
    "told: offsets of a topic that is gone harm nobody",
  ],
  "src/broker/fetch/pass.ts": [2, "an error code of its partition"],
  "src/broker/metadata/controller.ts": [1, "a bug, told as such"],
  "src/broker/metadata/membership.ts": [
    2,
    "told: the log of metadata fails its own way; a bug, told as such",
  ],
  "src/broker/network/acceptor.ts": [2, "told: the other listeners and connections go on"],
  "src/broker/network/connection.ts": [3, "the end of a connection, told once"],
  "src/broker/network/request_metrics.ts": [1, "an observer: the failure is its caller's"],
  "src/broker/network/trace.ts": [1, "the question: is it what consumers send"],
  "src/broker/reading_broker.ts": [1, "told, and passed on: there is no broker any more"],
  "src/broker/logs/reconciler.ts": [1, "a bug, told as such"],
  "src/broker/replication/leader_fetcher.ts": [1, "a bug, told as such"],
  "src/broker/share/led_share_partition.ts": [1, "a bug, told as such"],
  "src/broker/logs/storage.ts": [1, "thrown once all is closed"],
  "src/broker/metrics/telemetry.ts": [1, "the question: is it a pattern"],
  "src/broker/wiring.ts": [1, "a bug, told as such"],
  "src/cli/bench.ts": [2, "an observer: the last record tells"],
  "src/cli/cluster/metadata.ts": [1, "an observer: who races with it is told"],
  "src/cli/failures.ts": [1, "told: the other names have their turn"],
  "src/cli/log/dump_batches.ts": [1, "told: the other batches are printed"],
  "src/cli/log/lines.ts": [1, "the question: is it text"],
  "src/cli/mod.ts": [1, "the program: told, and the exit code"],
  "src/cli/records/send_progress.ts": [1, "kept, and told at the end"],
  "src/cli/records/record_format.ts": [1, "the question: is it text"],
  "src/client/client.ts": [1, "an observer: the failure is its caller's"],
  "src/client/network/connection.ts": [2, "the end of a connection: who waits hears of it"],
  "src/client/network/connections.ts": [3, "an observer: the failure is its caller's"],
  "src/client/consumer/consumer.ts": [2, "a last courtesy"],
  "src/client/diagnosis.ts": [1, "an observer: the failure is its caller's"],
  "src/client/consumer/fetcher.ts": [2, "kept for the next poll, or tried again; a last courtesy"],
  "src/client/consumer/classic_membership.ts": [2, "a last courtesy; a join that tells"],
  "src/client/consumer/consumer_membership.ts": [2, "a last courtesy; a join that tells"],
  "src/client/share/share_consumer.ts": [1, "kept for the reader, or tried again"],
  "src/client/share/share_membership.ts": [2, "a last courtesy; a heartbeat that tells"],
  "src/client/schema_registry.ts": [1, "an observer: the failure is its caller's"],
  "src/client/share/share_session.ts": [1, "a queue: the failure is its caller's"],
  "src/client/producer/producer.ts": [
    2,
    "an observer: the records that wait, or who begins next, are told",
  ],
  "src/client/producer/sender.ts": [4, "the records of it fail, or are sent again"],
  "src/cluster/home/store.ts": [1, "a queue: the failure is its caller's"],
  "src/etcd/lease.ts": [1, "a bug, told as such: the lease is over"],
  "src/etcd/store.ts": [3, "a queue: the failure is its caller's; told, and tried again"],
  "src/log/compaction/compaction.ts": [2, "a queue: the failure is its caller's"],
  "src/log/compaction/batches.ts": [1, "read ahead: who takes it is told"],
  "src/log/directory/log_folder.ts": [1, "a queue: the failure is its caller's"],
  "src/log/files/shared_sync.ts": [1, "a queue: the failure is its caller's"],
  "src/log/files/sync_rounds.ts": [1, "kept: every later sync fails with it"],
  "src/testing/waiting.ts": [1, "kept: an assertion that may hold the next time"],
};

/** Breaches of the list: a catch too many, or an entry that says more than there is. */
export function checkCatches(
  files: readonly SourceFile[],
  listed: Swallowing = swallowing,
): Violation[] {
  const violations: Violation[] = [];
  const ending = endingNames(files);
  const found = new Set<string>();
  for (const file of files) {
    const { path } = file;
    if (!path.startsWith("src/") || path.startsWith("src/runtime/") || isTestFile(path)) continue;
    const lines = swallowed(file, ending);
    const [count] = listed[path] ?? [0];
    found.add(path);
    if (lines.length === count) continue;
    const message = lines.length > count
      ? `of ${lines.length} catches that never throw, ${count} may be here: throw on what is not ` +
        "of a class, or say in scripts/catches.ts why anything at all may end here"
      : `${lines.length} catches that never throw: lower the ${count} in scripts/catches.ts`;
    violations.push({ path, line: lines.at(-1) ?? 1, rule: "catch", message });
  }
  const isThisHouse = files.some(({ path }) => path === "scripts/catches.ts");
  for (const path of isThisHouse ? Object.keys(listed) : []) {
    if (found.has(path)) continue;
    violations.push({ path, line: 1, rule: "catch", message: "is gone from scripts/catches.ts" });
  }
  return violations;
}

/** The lines of the catches that never throw. */
function swallowed(file: SourceFile, ending: ReadonlySet<string>): number[] {
  const lines: number[] = [];
  walk(file, (node) => {
    const handler = handlerOf(node);
    if (handler !== undefined && !throwsOn(handler, ending)) lines.push(lineOf(file, handler));
  });
  return lines;
}

/** What runs after a failure: a catch clause's block, or the function given to a promise. */
function handlerOf(node: ts.Node): ts.Node | undefined {
  if (ts.isCatchClause(node)) return node.block;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) {
    return undefined;
  }
  const { text } = node.expression.name;
  if (text === "catch") return node.arguments[0];
  const [next, otherwise] = node.arguments;
  // The same function for both is a queue's: it goes on whatever became of the one before.
  const isQueue = next?.getText() === otherwise?.getText();
  return text === "then" && !isQueue ? otherwise : undefined;
}

/** Functions that never return: to call one is to throw. */
function endingNames(files: readonly SourceFile[]): Set<string> {
  const names = new Set(["reject", "throw", "throwUnlessStoreFault"]);
  for (const file of files) {
    walk(file, (node) => {
      const ends = (of: ts.SignatureDeclaration) => of.type?.kind === ts.SyntaxKind.NeverKeyword;
      if (ts.isFunctionDeclaration(node) && ends(node) && node.name) names.add(node.name.text);
      if (!ts.isPropertyDeclaration(node) || !ts.isPrivateIdentifier(node.name)) return;
      const { name, initializer } = node;
      if (initializer && ts.isArrowFunction(initializer) && ends(initializer)) names.add(name.text);
    });
  }
  return names;
}

/** Whether it may throw on, by a statement or a call of one of `ending`, or is one of those. */
function throwsOn(handler: ts.Node, ending: ReadonlySet<string>): boolean {
  const isEnding = (node: ts.Node): boolean => {
    const name = ts.isPropertyAccessExpression(node) ? node.name : node;
    return ts.isMemberName(name) && ending.has(name.text);
  };
  let found = isEnding(handler);
  const visit = (node: ts.Node): void => {
    if (node !== handler && ts.isFunctionLike(node)) return;
    found ||= ts.isThrowStatement(node) || ts.isCallExpression(node) && isEnding(node.expression);
    ts.forEachChild(node, visit);
  };
  visit(handler);
  return found;
}
