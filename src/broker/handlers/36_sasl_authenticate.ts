// SaslAuthenticate: one step of the exchange in which a client proves who it is.
//
// Serves: 0-2.
// Behaviour: a refusal waits for connection.failed.authentication.delay.ms, says nothing of what
//   was wrong, and ends the connection.
// Versions: 1 for how long the session lasts (KIP-368); 2 flexible (KIP-482).

import { ErrorCode } from "../../protocol/mod.ts";
import { SaslAuthenticate } from "../../protocol/apis/36_sasl_authenticate.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<never>;

const notAsked = {
  errorCode: ErrorCode.ILLEGAL_SASL_STATE,
  errorMessage: "This listener asks nobody to authenticate",
  authBytes: new Uint8Array(0),
};

export const saslAuthenticate = handler(SaslAuthenticate, {
  serves: "0-2",
  authorise: [],
  handle: ({ authBytes }, { session }: Context) =>
    session.login?.authenticate(authBytes) ?? notAsked,
});
