// UpdateFeatures: finalizes features at other levels (KIP-584).
//
// Serves: 0-2.
// Behaviour: metadata.version can be raised to what this broker can read; the answer goes out when
//   that is in the synced metadata log. One update that cannot be done refuses all of them with
//   INVALID_UPDATE_VERSION. No feature goes down, since newer records may have been written.
// Versions: 1 upgrade types, validateOnly (KIP-778); 2 no result for each feature.

import { decideUpdateFeatures } from "../../cluster/features.ts";
import { UpdateFeatures } from "../../protocol/apis/57_update_features.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change" | "supportedFeatures">;

export const updateFeatures = handler(UpdateFeatures, {
  serves: "0-2",
  authorise: [needs("cluster alter")],
  handle(request, { services, version }: Context) {
    const supported = services.supportedFeatures();
    return services.change((image) => decideUpdateFeatures(image, request, { version, supported }));
  },

  refuse: ({ featureUpdates }, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    results: featureUpdates.map(({ feature }) => ({ feature, errorCode, errorMessage })),
  }),
});
