// ApiVersions: which APIs and versions this broker speaks, and the cluster's features.
//
// Serves: 0-5. Every other version gets a version 0 answer with UNSUPPORTED_VERSION and the range
//   of this API, so that a client from the future can come down (KIP-511); dispatch.ts does that.
// Behaviour: the list is the handlers themselves, so it cannot promise what is not served.
// Versions: 3 flexible, client software name and version, features (KIP-584, KIP-511); 4 features
//   from level 0 (KAFKA-17011); 5 a client that names another cluster or node is told to
//   start over with REBOOTSTRAP_REQUIRED (KIP-1242).

import { ApiVersions, ErrorCode, type RequestOf } from "../../protocol/mod.ts";
import { handler, type RequestContext } from "../handler.ts";

const softwareText = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

type Context = RequestContext<
  "nodeId" | "clusterId" | "metadata" | "supportedVersions" | "supportedFeatures"
>;

export const apiVersions = handler(ApiVersions, {
  serves: "0-5",
  authorise: [],

  handle(request, { services, version, session }: Context) {
    const errorCode = check(request, services, version);
    if (errorCode !== ErrorCode.NONE) return { errorCode, apiKeys: [] };
    const { clientSoftwareName: name, clientSoftwareVersion } = request;
    if (version >= 3) session.onSoftware({ name, version: clientSoftwareVersion });
    const { features, lastOffset } = services.metadata.image;
    const supportedFeatures = services.supportedFeatures();
    return {
      errorCode,
      apiKeys: services.supportedVersions(),
      // Clients of before version 4 cannot read a feature that begins at level 0.
      supportedFeatures: supportedFeatures.filter(({ minVersion }) =>
        version >= 4 || minVersion > 0
      ),
      finalizedFeaturesEpoch: lastOffset,
      finalizedFeatures: supportedFeatures.flatMap(({ name }) => {
        const level = features.get(name);
        return level === undefined
          ? []
          : [{ name, maxVersionLevel: level, minVersionLevel: level }];
      }),
    };
  },
});

function check(
  request: RequestOf<typeof ApiVersions>,
  services: Context["services"],
  version: number,
): ErrorCode {
  if (version < 3) return ErrorCode.NONE;
  const { clientSoftwareName, clientSoftwareVersion, clusterId, nodeId } = request;
  if (!softwareText.test(clientSoftwareName) || !softwareText.test(clientSoftwareVersion)) {
    return ErrorCode.INVALID_REQUEST;
  }
  const otherCluster = clusterId !== null && clusterId !== services.clusterId;
  const otherNode = nodeId >= 0 && nodeId !== services.nodeId;
  return otherCluster || otherNode ? ErrorCode.REBOOTSTRAP_REQUIRED : ErrorCode.NONE;
}
