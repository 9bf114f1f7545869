// DescribeAcls: who may do what.
//
// Serves: 0-3.
// Behaviour: SECURITY_DISABLED, always: there is no authorizer, and tools that ask (kafka-ui, AKHQ,
//   kafka-acls) take it for just that.
// Versions: 1 pattern types (KIP-290); 2 flexible; 3 users as resources (KIP-373).
// Not done: access control.

import { DescribeAcls } from "../../protocol/apis/29_describe_acls.ts";
import { needs, noAuthorizer } from "../authorizer.ts";
import { handler } from "../handler.ts";

export const describeAcls = handler(DescribeAcls, {
  serves: "0-3",
  authorise: [needs("cluster describe")],
  handle: () => ({ ...noAuthorizer, resources: [] }),
});
