// AddOffsetsToTxn (key 25). A group's offsets become part of a producer's transaction (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    may answer PRODUCER_FENCED (KIP-588)
//   v3    flexible (KIP-482)
//   v4    may answer TRANSACTION_ABORTABLE (KIP-890)

import {
  about,
  api,
  errorCode,
  int16,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { transactionErrors } from "../shared_errors.ts";

export const AddOffsetsToTxn = api({
  key: 25,
  name: "AddOffsetsToTxn",
  versions: "0-4",
  flexible: "3+",
  about: "Makes a group's offsets part of a producer's transaction, before they are committed.",
  errors: {
    response: {
      ...transactionErrors,
      GROUP_AUTHORIZATION_FAILED: "the client may not read as the group",
      UNKNOWN_SERVER_ERROR: "the coordinator could not store the change",
    },
  },
  request: {
    transactionalId: about("The name of the producer over its restarts", string),
    producerId,
    producerEpoch: int16,
    groupId: string,
  },
  response: { throttleTimeMs, errorCode },
});

export type AddOffsetsToTxnRequest = RequestOf<typeof AddOffsetsToTxn>;
export type AddOffsetsToTxnResponse = ResponseOf<typeof AddOffsetsToTxn>;
