// AlterUserScramCredentials: sets and deletes SCRAM credentials (KIP-554).
//
// Serves: 0.
// Behaviour: kept in the synced metadata log as Kafka keeps them: keys derived from the salted
//   password, not the password. A user that is named twice is refused whole.

import { decideAlterScram } from "../../cluster/access/scram.ts";
import { AlterUserScramCredentials } from "../../protocol/apis/51_alter_user_scram_credentials.ts";
import { scramHashes } from "../authentication/scram_hashes.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change" | "digests">;

export const alterUserScramCredentials = handler(AlterUserScramCredentials, {
  serves: "0",
  authorise: [needs("cluster alter")],
  handle(request, { services }: Context) {
    const hashesOf = (mechanism: number) => scramHashes(services.digests, mechanism);
    return services.change((image) => decideAlterScram(image, request, { hashesOf }));
  },

  refuse({ deletions, upsertions }, { errorCode, errorMessage }) {
    const users = new Set([...deletions, ...upsertions].map(({ name }) => name));
    return { results: [...users].map((user) => ({ user, errorCode, errorMessage })) };
  },
});
