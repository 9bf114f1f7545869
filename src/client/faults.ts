// What a broker refused, as an exception, and which failures are worth another attempt.
//
// Inside the client an error code stays data for as long as the client can act on it; it becomes a
// KafkaError when it is handed to the caller.

import { ConnectionFault, isPlatformFault, OttlaError, PlatformFault } from "../base/faults.ts";
import { ErrorCode, errorMessage, errorName } from "../protocol/mod.ts";

/** A broker answered with an error code; `code` is Kafka's name of it, `errorCode` its number. */
export class KafkaError extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "KafkaError";
  /** Kafka's name of the error, such as `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly code: string;
  /** Kafka's number of it, as responses carry it. */
  readonly errorCode: ErrorCode;
  /** Whether Kafka's clients ask again, after a fresh look at the metadata. */
  readonly isRetriable: boolean;

  /** `about` says what was asked of what, for example `create topic orders`. */
  constructor(
    errorCode: ErrorCode,
    about: string,
    detail?: string | null,
    options?: ErrorOptions,
  ) {
    const code = errorName(errorCode);
    super(`${about}: ${detail ? detail : errorMessage(errorCode)} (${code})`, options);
    this.code = code;
    this.errorCode = errorCode;
    this.isRetriable = isRetriableCode(errorCode);
  }
}

/** Throws a {@link KafkaError} unless `code` is NONE. */
export function checkCode(code: ErrorCode, about: string, detail?: string | null): void {
  if (code !== ErrorCode.NONE) throw new KafkaError(code, about, detail);
}

/** The answer about the one thing that was asked for; a {@link KafkaError} where there is none. */
export function onlyAnswer<T>(answers: readonly T[], about: string): T {
  const [answer] = answers;
  if (answer !== undefined) return answer;
  throw new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, about, "the broker's answer leaves it out");
}

const retriableCodes: ReadonlySet<number> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.NOT_CONTROLLER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.UNSTABLE_OFFSET_COMMIT,
  ErrorCode.THROTTLING_QUOTA_EXCEEDED,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
  ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
  ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
  ErrorCode.CONCURRENT_TRANSACTIONS,
]);

/** Whether the same request may succeed later, after a fresh look at the metadata. */
export function isRetriableCode(code: ErrorCode): boolean {
  return retriableCodes.has(code);
}

/** Whether `error` is a lost or refused connection, or a retriable answer. */
export function isRetriable(error: unknown): boolean {
  return error instanceof OttlaError && error.isRetriable;
}

/** Whether `error` says that a broker is out of reach: nothing is known of what it did. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof ConnectionFault ||
    error instanceof PlatformFault && !isPlatformFault(error, "Denied");
}

/** Whether the broker does not know the producer, or not with this sequence or epoch. */
export function isLostTrackCode(code: ErrorCode): boolean {
  return code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
    code === ErrorCode.UNKNOWN_PRODUCER_ID || code === ErrorCode.INVALID_PRODUCER_EPOCH;
}

/** Whether a refused Produce may have been appended: a leader that moves refuses so, too. */
export function isAmbiguousCode(code: ErrorCode): boolean {
  return code === ErrorCode.REQUEST_TIMED_OUT || code === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
    code === ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND ||
    code === ErrorCode.KAFKA_STORAGE_ERROR || code === ErrorCode.UNKNOWN_SERVER_ERROR;
}
