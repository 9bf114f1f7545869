// Asking the coordinator of a group or a transactional id.
//
// Invariant: who coordinates is remembered until a coordinator says that it is another, or nothing
// is heard of it; then whoever asks next looks for it anew.

import type { BrokerId } from "../base/ids.ts";
import { ErrorCode } from "../protocol/mod.ts";
import type { Client, CoordinatorKind } from "./client.ts";
import { isConnectionLoss, KafkaError } from "./faults.ts";

/** Whether `error` says that the coordinator is elsewhere, or that nothing is known of it. */
export function isCoordinatorLoss(error: unknown): boolean {
  if (!(error instanceof KafkaError)) return isConnectionLoss(error);
  return error.errorCode === ErrorCode.NOT_COORDINATOR ||
    error.errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
    error.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
}

/** Runs `ask` against the coordinator of `key`, again when it has moved or is loading. */
export function withCoordinator<T>(
  client: Client,
  ask: (coordinator: BrokerId) => Promise<T>,
  { key, kind, timeoutMs }: { key: string; kind?: CoordinatorKind; timeoutMs?: number },
): Promise<T> {
  return client.retrying(async () => {
    try {
      return await ask(await client.coordinatorOf(key, kind));
    } catch (error) {
      if (isCoordinatorLoss(error)) client.forgetCoordinator(key, kind);
      throw error;
    }
  }, timeoutMs);
}
