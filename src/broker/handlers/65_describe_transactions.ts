// DescribeTransactions: the state of transactions, by transactional id (KIP-664).
//
// Serves: 0.
// Behaviour: of a transaction that is decided, the partitions whose marker is still to be written.

import { mapSliced } from "../../base/pieces.ts";
import { undescribed } from "../../coordinator/mod.ts";
import { DescribeTransactions } from "../../protocol/apis/65_describe_transactions.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Context = RequestContext<"transactions" | "slices">;

export const describeTransactions = handler(DescribeTransactions, {
  serves: "0",
  authorise: [needs("transactionalId describe"), needs("topic describe", { refusal: null })],

  async handle({ transactionalIds }, { services: { transactions, slices } }: Context) {
    const transactionStates = await mapSliced(transactionalIds, slices, async (id) => {
      if (id === "") return undescribed(id, ErrorCode.INVALID_REQUEST);
      const shard = await transactions.of(id);
      return shard instanceof Shard ? shard.machine.describe(id) : undescribed(id, shard);
    });
    return { transactionStates };
  },
});
