// SaslHandshake: the mechanism by which a client is going to say who it is.
//
// Serves: 0-1.
// Behaviour: on a listener without a login, ILLEGAL_SASL_STATE, as for a handshake at the wrong
//   moment. A mechanism that is not enabled is told what is, then the connection ends.
// Versions: 1 the exchange follows in SaslAuthenticate; 0 in bare frames (KIP-43, KIP-152).

import { ErrorCode } from "../../protocol/mod.ts";
import { SaslHandshake } from "../../protocol/apis/17_sasl_handshake.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<never>;

export const saslHandshake = handler(SaslHandshake, {
  serves: "0-1",
  authorise: [],
  handle({ mechanism }, { session, version }: Context) {
    return session.login?.handshake(mechanism, version) ??
      { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] };
  },
});
