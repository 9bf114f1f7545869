// ListConfigResources: what has configuration (KIP-1142); version 0 is ListClientMetricsResources.
//
// Serves: 0-1.
// Behaviour: every topic, every broker that has the client's listener, fenced ones as well, and the
//   groups and client metrics for which something is set.
// Versions: 1 types other than client metrics; all of them when none is named.

import { ResourceType } from "../../cluster/mod.ts";
import { ListConfigResources } from "../../protocol/apis/74_list_config_resources.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { ClusterView } from "../leadership/cluster_view.ts";

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ResourceType;
const allTypes: readonly number[] = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC];

type Context = RequestContext<"nodeId" | "metadata">;

export const listConfigResources = handler(ListConfigResources, {
  serves: "0-1",
  authorise: [needs("cluster describeConfigs")],

  handle({ resourceTypes }, { services, session, version }: Context) {
    const wanted = version === 0
      ? [CLIENT_METRICS]
      : resourceTypes.length === 0
      ? allTypes
      : allTypes.filter((type) => resourceTypes.includes(type));
    if (resourceTypes.some((type) => !allTypes.includes(type))) {
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] };
    }
    const { image } = services.metadata;
    const brokers = new ClusterView(services, session.listener).brokers({ fenced: true });
    const namesOf = (type: number): readonly string[] => {
      if (type === TOPIC) return image.topics().map(({ name }) => name);
      if (type === BROKER || type === BROKER_LOGGER) return brokers.map((each) => `${each.nodeId}`);
      return image.configuredNames(type);
    };
    const configResources = wanted.flatMap((resourceType) =>
      namesOf(resourceType).map((resourceName) => ({ resourceName, resourceType }))
    );
    return { errorCode: ErrorCode.NONE, configResources };
  },

  refuse: (_, { errorCode }) => ({ errorCode, configResources: [] }),
});
