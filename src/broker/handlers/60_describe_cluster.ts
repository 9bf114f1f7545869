// DescribeCluster: the cluster's id, its brokers and its controller.
//
// Serves: 0-2.
// Behaviour: endpoint type 1 (brokers) alone: there are no separate controllers to talk to.
// Versions: 1 endpoint type (KIP-919); 2 fenced brokers, where they are asked for (KIP-1073).

import { DescribeCluster, ErrorCode } from "../../protocol/mod.ts";
import { clusterOperations } from "../access/authorizer.ts";
import { ClusterView } from "../leadership/cluster_view.ts";
import { handler, type RequestContext } from "../handler.ts";

const brokerEndpoints = 1;
const controllerEndpoints = 2;

type Context = RequestContext<"nodeId" | "clusterId" | "metadata">;

export const describeCluster = handler(DescribeCluster, {
  serves: "0-2",
  authorise: [],

  handle(request, { services, session, may }: Context) {
    const { endpointType, includeClusterAuthorizedOperations: asked } = request;
    if (endpointType !== brokerEndpoints) {
      const mismatched = endpointType === controllerEndpoints;
      return {
        errorCode: mismatched
          ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
          : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: mismatched
          ? "this is a broker endpoint, not a controller's"
          : `there is no endpoint type ${endpointType}`,
        clusterId: "",
        brokers: [],
      };
    }
    return {
      errorCode: ErrorCode.NONE,
      endpointType,
      clusterId: services.clusterId,
      controllerId: services.metadata.controllerId,
      brokers: new ClusterView(services, session.listener)
        .brokers({ fenced: request.includeFencedBrokers })
        .map(({ nodeId: brokerId, ...rest }) => ({ brokerId, ...rest })),
      clusterAuthorizedOperations: clusterOperations(may, { asked }),
    };
  },
});
