// WriteTxnMarkers: from a transaction's coordinator, or a tool that ends one by hand, to the
// leaders of its partitions: write the marker that commits or aborts it.
//
// Serves: 1-2.
// Behaviour: src/broker/transactions/transaction_markers.ts. Each partition is answered once its
//   marker is on disk. A marker that was written before does no harm.
// Versions: 1 flexible; 2 the version of the transaction's protocol (KIP-1228).
//
// Differs from Kafka: a negative producer id or epoch is answered with INVALID_PRODUCER_EPOCH, and
// a marker without partitions is in the answer; Kafka answers the former with UNKNOWN_SERVER_ERROR
// and leaves the latter out.

import { itemAt } from "../../base/items.ts";
import { mapSliced } from "../../base/pieces.ts";
import { WriteTxnMarkers } from "../../protocol/apis/27_write_txn_markers.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"transactionMarkers" | "slices">;

export const writeTxnMarkers = handler(WriteTxnMarkers, {
  serves: "1-2",
  authorise: [needs("cluster alter", { or: "cluster clusterAction" })],

  async handle(request, { services: { transactionMarkers, slices } }: Context) {
    const markers = await mapSliced(request.markers, slices, async (marker) => {
      const { producerId, producerEpoch, coordinatorEpoch, transactionVersion } = marker;
      const partitions = marker.topics.flatMap(({ name: topic, partitionIndexes }) =>
        partitionIndexes.map((partition) => ({ topic, partition }))
      );
      const committed = marker.transactionResult;
      const written = await transactionMarkers.write(
        { producerId, producerEpoch, coordinatorEpoch, committed, transactionVersion },
        partitions,
      );
      let at = 0;
      const topics = marker.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: itemAt(written, at++).errorCode,
        })),
      }));
      return { producerId, topics };
    });
    return { markers };
  },

  refuse: ({ markers }, { errorCode }) => ({
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }),
});
