// DescribeTransactions: the state of transactions, by transactional id (KIP-664).
//
// Serves: 0.
// Behaviour: of a transaction that is decided, the partitions whose marker is still to be written.

import { mapSliced } from "../../base/pieces.ts";
import { undescribed } from "../../coordinator/mod.ts";
import { DescribeTransactions } from "../../protocol/apis/65_describe_transactions.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"transactions" | "slices">;

export const describeTransactions = handler(DescribeTransactions, {
  serves: "0",
  authorise: [needs("transactionalId describe"), needs("topic describe", { refusal: null })],

  async handle({ transactionalIds }, { services: { transactions, slices }, may }: Context) {
    const transactionStates = await mapSliced(transactionalIds, slices, async (id) => {
      if (!may("describe", { type: "transactionalId", name: id })) {
        return undescribed(id, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      }
      if (id === "") return undescribed(id, ErrorCode.INVALID_REQUEST);
      const shard = await transactions.of(id);
      if (!(shard instanceof Shard)) return undescribed(id, shard);
      const { topics, ...state } = shard.machine.describe(id);
      const told = topics.filter(({ topic: name }) => may("describe", { type: "topic", name }));
      return { ...state, topics: told };
    });
    return { transactionStates };
  },
});
