// Produce: appends record batches to partitions.
//
// Serves: 0-13.
// Behaviour: each partition succeeds or fails by itself. The request is planned (produce/plan.ts),
//   what is due before its batches can be stored is done (produce/prepare.ts), and all of them are
//   appended in one turn of the event loop (produce/append.ts). acks=1 is answered once the batch
//   is in the file, acks=-1 once an fdatasync covers it, acks=0 not at all: an error then closes
//   the connection, which is all that such a client can notice. Topics are created by Metadata
//   alone. The first batch of a transaction in a partition is taken only if the transaction's
//   coordinator knows of it (produce/verify.ts); records of several producers' transactions, or of
//   one whose id is not named, refuse all of a request.
// Versions: 0-2 message sets, stored as v2 batches (src/records/up_conversion.ts); 2
//   logAppendTimeMs; 3 one v2 batch for each partition and nothing else (KIP-98); 5
//   logStartOffset; 7 zstd (KIP-110); 8 errorMessage and recordErrors (KIP-467); 9 flexible; 10
//   currentLeader, where it is not this broker (KIP-951); 11 TRANSACTION_ABORTABLE and 12
//   transactions v2, which adds partitions to their transaction (KIP-890); 13 topic ids (KIP-516).
//
// Differs from Kafka: a duplicate batch is answered without a log append time (-1) if the topic
// keeps the producers' timestamps; Kafka answers with the batch's largest timestamp, which the
// producer then takes for every record.
//
// Differs from Kafka: a partition whose records are null is refused; Kafka never answers such a
// request.

import { ConnectionFault } from "../../base/faults.ts";
import { ErrorCode, errorName, Produce, type ResponseInput } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { isAboutLeader, LeaderHints } from "../leadership/leader_hints.ts";
import { appendPlan, refusalOf, type TopicAnswer } from "../produce/append.ts";
import { planProduce, type ProducePlan, type ProduceRequest } from "../produce/plan.ts";
import { prepare } from "../produce/prepare.ts";

/** Since which version leaders are told (KIP-951). */
const leadersFrom = 10;

type Response = ResponseInput<typeof Produce>;
type Context = RequestContext<
  "audit" | "nodeId" | "metadata" | "partitions" | "topics" | "memory" | "transactionClaims"
>;

export const produce = handler(Produce, {
  serves: "0-13",
  authorise: [
    needs("topic write"),
    needs("transactionalId write", { when: "records of a transaction" }),
  ],

  pipelined: true,

  handle(request, context: Context) {
    if (request.acks < -1 || request.acks > 1) {
      return refuseAll(request, ErrorCode.INVALID_REQUIRED_ACKS);
    }
    const plan = planProduce(request, context);
    if (plan.due.length === 0) return carryOut(plan, context);
    // Its records lie in the frame, and no later request may overtake it.
    const appended = carryOutLater(plan, request, context);
    context.session.keepFrame(appended.then(() => {}, () => {}));
    return appended.then(({ answer }) => answer);
  },
});

/**
 * Appends as soon as nothing is due any more, in the turn in which that is so. The answer may come
 * later: it is no promise itself, lest who waits for the append wait for disks.
 */
async function carryOutLater(first: ProducePlan, request: ProduceRequest, context: Context) {
  const { memory, transactionClaims: transactions } = context.services;
  const done = new Map();
  let plan = first;
  while (plan.due.length > 0) {
    await prepare(plan, { memory, transactions, done });
    plan = planProduce(request, context, done);
  }
  return { answer: carryOut(plan, context) };
}

/** Without acks=all nothing waits, and the answer is made in this very turn of the event loop. */
function carryOut(
  plan: ProducePlan,
  context: Context,
): Response | undefined | Promise<Response | undefined> {
  return appendPlan(plan, (responses) => answerOf(plan, responses, context));
}

function answerOf(
  { acks }: ProducePlan,
  responses: TopicAnswer[],
  context: Context,
): Response | undefined {
  if (acks !== 0) return withLeaders(responses, context);
  // The client is not told; who reads the audit log is.
  const { services: { audit }, session, clientId, version: apiVersion } = context;
  audit?.answered(session, {
    api: Produce,
    header: { clientId, apiVersion },
    message: {},
    response: { responses },
  });
  refuseSilently(responses);
  return undefined;
}

/** Tells who leads what was refused because others do. */
function withLeaders(
  responses: TopicAnswer[],
  { services, session, version }: Context,
): Response {
  const isLed = ({ partitionResponses }: TopicAnswer) =>
    partitionResponses.some(({ errorCode }) => isAboutLeader(errorCode));
  if (version < leadersFrom || !responses.some(isLed)) return { responses };
  const hints = new LeaderHints(services, session.listener);
  const told = responses.map((topic) => ({
    ...topic,
    partitionResponses: topic.partitionResponses.map((each) =>
      isAboutLeader(each.errorCode)
        ? { ...each, currentLeader: hints.leaderOf(topic, each.index) }
        : each
    ),
  }));
  return { responses: told, nodeEndpoints: hints.nodeEndpoints };
}

function refuseAll(request: ProduceRequest, errorCode: ErrorCode): Response {
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) =>
        refusalOf({ index, errorCode, message: null })
      ),
    })),
  };
}

/** acks=0 has no answer, so a failure closes the connection: the client will look again. */
function refuseSilently(responses: readonly TopicAnswer[]): void {
  for (const { name, partitionResponses } of responses) {
    for (const { index, errorCode } of partitionResponses) {
      if (errorCode === ErrorCode.NONE) continue;
      throw new ConnectionFault(
        `Produce with acks=0 failed for ${name}-${index}: ${errorName(errorCode)}`,
      );
    }
  }
}
