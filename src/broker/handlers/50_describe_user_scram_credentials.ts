// DescribeUserScramCredentials: which users have SCRAM credentials (KIP-554).
//
// Serves: 0.
// Behaviour: mechanisms and iterations of each user, of all of them when none is named; never what
//   a password could be guessed from.

import { describeScram } from "../../cluster/access/scram.ts";
import {
  DescribeUserScramCredentials,
} from "../../protocol/apis/50_describe_user_scram_credentials.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"metadata">;

export const describeUserScramCredentials = handler(DescribeUserScramCredentials, {
  serves: "0",
  authorise: [needs("cluster describe")],
  handle: (request, { services }: Context) => describeScram(services.metadata.image, request),

  refuse: ({ users }, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    results: (users ?? []).map(({ name: user }) => {
      return { user, errorCode, errorMessage, credentialInfos: [] };
    }),
  }),
});
