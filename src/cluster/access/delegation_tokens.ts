// Delegation tokens in the metadata (KIP-48): short-lived secrets that stand for a user, which who
// is that user hands to programs that work for it.
//
//   create ──> DelegationTokenRecord ──renew──> the same with a later expiry, up to its maximum
//                     └──expire, or its time is over──> RemoveDelegationTokenRecord
//
// What a token is proved by is not stored: it is computed of its id and a secret that brokers know
// (src/broker/authentication/delegation_tokens.ts).
// Invariant: no clock and no cryptography here; the time and the token meant are arguments.

import { addInt64, type Int64, INT64_MAX } from "../../base/int64.ts";
import { ErrorCode, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type { CreateDelegationToken } from "../../protocol/apis/38_create_delegation_token.ts";
import type { ExpireDelegationToken } from "../../protocol/apis/40_expire_delegation_token.ts";
import type { RenewDelegationToken } from "../../protocol/apis/39_renew_delegation_token.ts";
import { metadataVersionFeature } from "../feature_levels.ts";
import type { MetadataImage } from "../image/image.ts";
import type { DelegationToken } from "./principals.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import type { Decision } from "../home/store.ts";

type CreateRequest = RequestOf<typeof CreateDelegationToken>;
type CreateResponse = ResponseInput<typeof CreateDelegationToken>;
type RenewRequest = RequestOf<typeof RenewDelegationToken>;
type ExpireRequest = RequestOf<typeof ExpireDelegationToken>;
/** Renewing and expiring are answered alike. */
type TimeResponse =
  & ResponseInput<typeof RenewDelegationToken>
  & ResponseInput<typeof ExpireDelegationToken>;

/** How long tokens last, by Kafka's keys delegation.token.*. */
export interface TokenLifetimes {
  readonly maxMs: number;
  readonly renewMs: number;
}

/** metadata.version 3.6-IV2 brought the record. */
const tokensSince = 14;
const tokensMax = 100_000;

/** The answer to a request for a token that is refused. */
export function tokenRefusal(
  errorCode: ErrorCode,
  { owner, requester, timestamp }: {
    readonly owner: string;
    readonly requester: string;
    readonly timestamp: number;
  },
): CreateResponse {
  return {
    errorCode,
    ...principalFields(owner, requester),
    issueTimestampMs: timestamp,
    expiryTimestampMs: timestamp,
    maxTimestampMs: timestamp,
    tokenId: "",
    hmac: new Uint8Array(0),
  };
}

function principalFields(owner: string, requester: string) {
  const [principalType, principalName] = principalParts(owner);
  const [tokenRequesterPrincipalType, tokenRequesterPrincipalName] = principalParts(requester);
  return {
    principalType,
    principalName,
    tokenRequesterPrincipalType,
    tokenRequesterPrincipalName,
  };
}

/** Type and name of a principal's text, such as "User:alice". */
export function principalParts(text: string): [type: string, name: string] {
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/**
 * Answers CreateDelegationToken.
 * Differs from Kafka: at most 100,000 delegation tokens exist at a time; a further one is refused
 * with POLICY_VIOLATION, since each takes memory for as long as its creator likes.
 */
export function decideCreateToken(
  image: MetadataImage,
  { renewers, maxLifetimeMs }: CreateRequest,
  of: {
    readonly owner: string;
    readonly requester: string;
    readonly tokenId: string;
    readonly hmac: Uint8Array;
    readonly lifetimes: TokenLifetimes;
    readonly nowMs: number;
  },
): Decision<CreateResponse> {
  const { owner, requester, tokenId, hmac, lifetimes, nowMs } = of;
  const refused = (code: ErrorCode) => ({
    records: [],
    response: tokenRefusal(code, { owner, requester, timestamp: 0 }),
  });
  if (!areSupported(image)) return refused(ErrorCode.UNSUPPORTED_VERSION);
  if (renewers.some(({ principalType }) => principalType !== "User")) {
    return refused(ErrorCode.INVALID_PRINCIPAL_TYPE);
  }
  if (image.delegationTokenCount >= tokensMax) return refused(ErrorCode.POLICY_VIOLATION);
  const lifetimeMs = shorter(lifetimes.maxMs, maxLifetimeMs);
  const maxTimestamp = laterBy(nowMs, lifetimeMs);
  const expirationTimestamp = earlier(maxTimestamp, laterBy(nowMs, lifetimes.renewMs));
  const fields = {
    owner,
    requester,
    renewers: renewers.map(({ principalType, principalName }) =>
      `${principalType}:${principalName}`
    ),
    issueTimestamp: nowMs,
    maxTimestamp,
    expirationTimestamp,
    tokenId,
  };
  return {
    records: [{ type: "DelegationTokenRecord", version: 0, fields }],
    response: {
      errorCode: ErrorCode.NONE,
      ...principalFields(owner, requester),
      issueTimestampMs: nowMs,
      expiryTimestampMs: expirationTimestamp,
      maxTimestampMs: maxTimestamp,
      tokenId,
      hmac,
    },
  };
}

/** Whose request about a token it is, and which one it has named. */
export interface TokenAsked {
  readonly token: DelegationToken | undefined;
  readonly requester: string;
  readonly nowMs: number;
}

/** Answers RenewDelegationToken. */
export function decideRenewToken(
  image: MetadataImage,
  { renewPeriodMs }: RenewRequest,
  of: TokenAsked & { readonly lifetimes: TokenLifetimes },
): Decision<TimeResponse> {
  const { token, nowMs, lifetimes } = of;
  if (!areSupported(image)) return timeRefusal(ErrorCode.UNSUPPORTED_VERSION);
  if (token === undefined) return timeRefusal(ErrorCode.DELEGATION_TOKEN_NOT_FOUND);
  if (isOver(token, nowMs)) return timeRefusal(ErrorCode.DELEGATION_TOKEN_EXPIRED);
  if (!mayRenew(of, token)) return timeRefusal(ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH);
  const untilMs = laterBy(nowMs, shorter(lifetimes.renewMs, renewPeriodMs));
  return expiring(token, earlier(token.maxTimestamp, untilMs));
}

/** Answers ExpireDelegationToken. A negative period removes the token at once. */
export function decideExpireToken(
  image: MetadataImage,
  { expiryTimePeriodMs }: ExpireRequest,
  of: TokenAsked,
): Decision<TimeResponse> {
  const { token, nowMs } = of;
  if (!areSupported(image)) return timeRefusal(ErrorCode.UNSUPPORTED_VERSION);
  if (token === undefined) return timeRefusal(ErrorCode.DELEGATION_TOKEN_NOT_FOUND);
  if (!mayRenew(of, token)) return timeRefusal(ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH);
  if (expiryTimePeriodMs < 0) {
    return {
      records: [removalOf(token)],
      response: { errorCode: ErrorCode.NONE, expiryTimestampMs: nowMs },
    };
  }
  if (isOver(token, nowMs)) return timeRefusal(ErrorCode.DELEGATION_TOKEN_EXPIRED);
  return expiring(token, earlier(token.maxTimestamp, laterBy(nowMs, expiryTimePeriodMs)));
}

/** Removes those whose time is over. */
export function decideTokenSweep(image: MetadataImage, nowMs: number): Decision<number> {
  const over = [...image.delegationTokens()].filter((token) => isOver(token, nowMs));
  return { records: over.map(removalOf), response: over.length };
}

/** Whether a token is good no more, at this time of the wall clock. */
export function isOver(token: DelegationToken, nowMs: number): boolean {
  return token.maxTimestamp < nowMs || token.expirationTimestamp < nowMs;
}

/** Whether it is about this user in one way or another. */
export function concerns(token: DelegationToken, principal: string): boolean {
  return token.owner === principal || token.requester === principal ||
    token.renewers.includes(principal);
}

function mayRenew({ requester }: TokenAsked, { owner, renewers }: DelegationToken): boolean {
  return owner === requester || renewers.includes(requester);
}

function expiring(token: DelegationToken, expirationTimestamp: Int64): Decision<TimeResponse> {
  const fields = { ...token, expirationTimestamp };
  return {
    records: [{ type: "DelegationTokenRecord", version: 0, fields }],
    response: { errorCode: ErrorCode.NONE, expiryTimestampMs: expirationTimestamp },
  };
}

function removalOf({ tokenId }: DelegationToken): MetadataRecordInput {
  return { type: "RemoveDelegationTokenRecord", version: 0, fields: { tokenId } };
}

function timeRefusal(errorCode: ErrorCode): Decision<TimeResponse> {
  return { records: [], response: { errorCode, expiryTimestampMs: 0 } };
}

function areSupported(image: MetadataImage): boolean {
  return (image.features.get(metadataVersionFeature) ?? tokensSince) >= tokensSince;
}

/** The period asked for, where one is, as long as it is no longer than the default. */
function shorter(defaultMs: number, askedMs: Int64): Int64 {
  return askedMs > 0 && askedMs < defaultMs ? askedMs : defaultMs;
}

function earlier(a: Int64, b: Int64): Int64 {
  return a < b ? a : b;
}

/** The sum; one that does not fit into 64 bits is the end of time. */
function laterBy(nowMs: number, periodMs: Int64): Int64 {
  const sum = addInt64(nowMs, periodMs);
  return sum < nowMs ? INT64_MAX : sum;
}
