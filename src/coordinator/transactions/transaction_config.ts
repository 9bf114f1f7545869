// The broker settings that transactions obey, under Kafka's own names in comments. They are read at
// each use, so that a dynamic change counts from the next decision on.

/** Times in milliseconds. */
export interface TransactionConfig {
  /** transaction.max.timeout.ms */
  readonly timeoutMaxMs: number;
  /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
  readonly abortIntervalMs: number;
  /** transactional.id.expiration.ms */
  readonly expirationMs: number;
  /** transaction.remove.expired.transaction.cleanup.interval.ms */
  readonly expirationIntervalMs: number;
  /** The level of the feature transaction.version. */
  readonly transactionVersion: number;
}

/** Kafka's defaults. */
export const transactionConfigDefaults: TransactionConfig = {
  timeoutMaxMs: 900_000,
  abortIntervalMs: 10_000,
  expirationMs: 7 * 24 * 60 * 60 * 1_000,
  expirationIntervalMs: 3_600_000,
  transactionVersion: 2,
};
