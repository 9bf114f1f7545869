// Delegation tokens, for tools: short-lived secrets that stand for a user (KIP-48), made, listed,
// renewed and taken back. Loaded when it is asked for.
//
// A token is a login by SCRAM: its id is the user name, its HMAC as base64 the password. Brokers
// know it by the HMAC, which they tell to whoever may renew it; so a tool needs the id alone.

import { fromBase64, toBase64 } from "../../base/base64.ts";
import { CreateDelegationToken } from "../../protocol/apis/38_create_delegation_token.ts";
import { RenewDelegationToken } from "../../protocol/apis/39_renew_delegation_token.ts";
import { ExpireDelegationToken } from "../../protocol/apis/40_expire_delegation_token.ts";
import { DescribeDelegationToken } from "../../protocol/apis/41_describe_delegation_token.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";

/** A token, and until when it is good. */
export interface DelegationToken {
  /** The user name of a login by it. */
  readonly tokenId: string;
  /** The password of a login by it, as base64. Who has it is its owner. */
  readonly hmac: string;
  /** Whom it stands for, such as `User:alice`. */
  readonly owner: string;
  /** Who may renew it, besides its owner. */
  readonly renewers: readonly string[];
  /** When it was made, in ms since the Unix epoch. */
  readonly issuedMs: number;
  /** Until when it is good, in ms since the Unix epoch. */
  readonly expiresMs: number;
  /** Until when it can be renewed, in ms since the Unix epoch. */
  readonly endsMs: number;
}

/** What a token is to be like. */
export interface NewDelegationToken {
  /** Whom it stands for, such as `User:alice`; absent: who asks. */
  readonly owner?: string;
  /** Who may renew it, besides its owner. */
  readonly renewers?: readonly string[];
  /** The longest that it can live, in ms; absent: as long as the broker allows. */
  readonly lifetimeMs?: number;
}

/** Makes a token. Throws DELEGATION_TOKEN_REQUEST_NOT_ALLOWED and the like. */
export async function createToken(
  client: Client,
  { owner, renewers = [], lifetimeMs = -1 }: NewDelegationToken = {},
): Promise<DelegationToken> {
  const of = owner === undefined ? undefined : principalOf(owner);
  const answer = await client.request(CreateDelegationToken, {
    ownerPrincipalType: of?.principalType ?? null,
    ownerPrincipalName: of?.principalName ?? null,
    renewers: renewers.map(principalOf),
    maxLifetimeMs: lifetimeMs,
  }, { to: "controller" });
  checkCode(answer.errorCode, "make a token");
  return {
    tokenId: answer.tokenId,
    hmac: toBase64(answer.hmac),
    owner: `${answer.principalType}:${answer.principalName}`,
    renewers,
    issuedMs: saturated(answer.issueTimestampMs),
    expiresMs: saturated(answer.expiryTimestampMs),
    endsMs: saturated(answer.maxTimestampMs),
  };
}

/** The tokens that who asks may see, of `owners` or of everybody, the oldest first. */
export async function listTokens(
  client: Client,
  { owners }: { readonly owners?: readonly string[] } = {},
): Promise<DelegationToken[]> {
  const answer = await client.request(DescribeDelegationToken, {
    owners: owners?.map(principalOf) ?? null,
  }, { to: "any" });
  checkCode(answer.errorCode, "list the tokens");
  return answer.tokens.map((token) => ({
    tokenId: token.tokenId,
    hmac: toBase64(token.hmac),
    owner: `${token.principalType}:${token.principalName}`,
    renewers: token.renewers.map((each) => `${each.principalType}:${each.principalName}`),
    issuedMs: saturated(token.issueTimestamp),
    expiresMs: saturated(token.expiryTimestamp),
    endsMs: saturated(token.maxTimestamp),
  })).sort((a, b) => a.issuedMs - b.issuedMs);
}

/** Puts off when a token expires; resolves with until when it is good, in ms since the epoch. */
export async function renewToken(
  client: Client,
  tokenId: string,
  { forMs = -1 }: { readonly forMs?: number } = {},
): Promise<number> {
  const hmac = await hmacOf(client, tokenId);
  const request = { hmac, renewPeriodMs: forMs };
  const answer = await client.request(RenewDelegationToken, request, { to: "controller" });
  return expiryOf(answer, `renew token ${tokenId}`);
}

/** Lets a token expire in `inMs`, or at once; resolves with until when it is good. */
export async function expireToken(
  client: Client,
  tokenId: string,
  { inMs = -1 }: { readonly inMs?: number } = {},
): Promise<number> {
  const hmac = await hmacOf(client, tokenId);
  const request = { hmac, expiryTimePeriodMs: inMs };
  const answer = await client.request(ExpireDelegationToken, request, { to: "controller" });
  return expiryOf(answer, `expire token ${tokenId}`);
}

function expiryOf(
  answer: { readonly errorCode: ErrorCode; readonly expiryTimestampMs: Int64 },
  about: string,
): number {
  checkCode(answer.errorCode, about);
  return saturated(answer.expiryTimestampMs);
}

async function hmacOf(client: Client, tokenId: string): Promise<Uint8Array> {
  const token = (await listTokens(client)).find((each) => each.tokenId === tokenId);
  const hmac = token && fromBase64(token.hmac);
  if (hmac !== undefined) return hmac;
  throw new KafkaError(ErrorCode.DELEGATION_TOKEN_NOT_FOUND, `find token ${tokenId}`);
}

/** `User:alice`, or `alice` for short. */
function principalOf(text: string): { principalType: string; principalName: string } {
  const colon = text.indexOf(":");
  return colon < 0
    ? { principalType: "User", principalName: text }
    : { principalType: text.slice(0, colon), principalName: text.slice(colon + 1) };
}
