// `ottla tokens`: delegation tokens, short-lived secrets that stand for a user.
//
// Invariant: what a token is proved by is printed when it is made, to standard output, and never
// typed: a command line is for everybody on the machine to read. Other commands take its id.

import { durationOf } from "../base/durations.ts";
import { UsageFault } from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import { loadTokenAdmin } from "../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { isKafkaError } from "./failures.ts";
import { renderJson, renderTable } from "./table.ts";

/** The milliseconds of a duration that an option was given. */
function msOf(
  text: string | undefined,
  option: string,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationOf(text);
  if (ms !== undefined) return ms;
  throw new ArgumentFault(`--${option} takes a duration such as 12h or 7d, not "${text}"`);
}

const create = command({
  name: "tokens create",
  operands: [],
  about: "make a token that stands for you, or for another user",
  options: {
    owner: { kind: "text", value: "USER", about: "whom it stands for (default you)" },
    renewer: { kind: "list", value: "USER", about: "who may renew it, too" },
    lifetime: {
      kind: "text",
      value: "TIME",
      about: "the longest that it can be renewed for, as 7d (default the broker's)",
    },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["tokens create --user alice --password-file alice.txt", "a login for what alice starts"],
    ["tokens create --renewer User:bob --lifetime 7d --json", "for a week, renewed by bob"],
  ],
  run: (context, { options }) => {
    const { owner, renewer: renewers } = options;
    const lifetimeMs = msOf(options.lifetime, "lifetime");
    return withClient(context, options, async (client) => {
      const { createToken } = await loadTokenAdmin();
      const token = await createToken(client, { owner, renewers, lifetimeMs }).catch(onRefusal);
      if (options.json) {
        context.out(renderJson(token));
        return exitCode.ok;
      }
      context.out(escaped(`id    ${token.tokenId}`) + "\n" + escaped(`hmac  ${token.hmac}`) + "\n");
      context.note(
        `It stands for ${token.owner} until ${dateOf(token.expiresMs)}: a login by SCRAM, with ` +
          "the id as user, the hmac as password, and tokenauth=true.",
      );
      return exitCode.ok;
    });
  },
});

const list = command({
  name: "tokens list",
  also: ["describe"],
  operands: [],
  about: "list the tokens that you may see",
  options: {
    owner: { kind: "list", value: "USER", about: "only those that stand for this user" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [["tokens list", "whose there are, and until when"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { listTokens } = await loadTokenAdmin();
      const owners = options.owner.length === 0 ? undefined : options.owner;
      const tokens = await listTokens(client, { owners }).catch(onRefusal);
      // What proves them is for who makes them.
      if (options.json) context.out(renderJson(tokens.map(({ hmac: _, ...token }) => token)));
      else if (tokens.length === 0) context.note("There are no tokens.");
      else {
        const rows = tokens.map(({ tokenId, owner, renewers, expiresMs }) => [
          tokenId,
          owner,
          renewers.length === 0 ? undefined : renewers.join(", "),
          dateOf(expiresMs),
        ]);
        context.out(renderTable(["token", "owner", "renewers", "good until"], rows));
      }
      return exitCode.ok;
    }),
});

const renew = command({
  name: "tokens renew",
  operands: ["TOKEN"],
  about: "put off when a token expires",
  options: {
    for: { kind: "text", value: "TIME", about: "from now on, as 12h (default the broker's)" },
    ...brokerOptions,
  },
  examples: [["tokens renew dQw4w9WgXcQ --for 12h", "another half day"]],
  run: (context, { operands: [id], options }) => {
    const forMs = msOf(options.for, "for");
    return withClient(context, options, async (client) => {
      const { renewToken } = await loadTokenAdmin();
      const expiresMs = await renewToken(client, id, { forMs })
        .catch((error) => onRefusal(error, id));
      context.note(`Token ${id} is good until ${dateOf(expiresMs)}.`);
      return exitCode.ok;
    });
  },
});

const expire = command({
  name: "tokens expire",
  operands: ["TOKEN"],
  about: "take a token back, at once or later",
  options: {
    in: { kind: "text", value: "TIME", about: "so much later, as 10m (default at once)" },
    ...brokerOptions,
  },
  examples: [["tokens expire dQw4w9WgXcQ", "nobody logs in by it any more"]],
  run: (context, { operands: [id], options }) => {
    const inMs = msOf(options.in, "in");
    return withClient(context, options, async (client) => {
      const { expireToken } = await loadTokenAdmin();
      const expiresMs = await expireToken(client, id, { inMs })
        .catch((error) => onRefusal(error, id));
      context.note(
        inMs === undefined
          ? `Token ${id} is no more. A connection that came in by it stays open.`
          : `Token ${id} is good until ${dateOf(expiresMs)}.`,
      );
      return exitCode.ok;
    });
  },
});

/** Says what to do about it; throws in any case. */
function onRefusal(error: unknown, id?: string): never {
  if (isKafkaError(error, "DELEGATION_TOKEN_NOT_FOUND")) {
    throw new UsageFault(`you see no token ${id}. See: ottla tokens list`);
  }
  if (isKafkaError(error, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED")) {
    throw new UsageFault(
      "tokens are for who has logged in, and not by a token: say who you are with --user NAME " +
        "and --password-file FILE",
    );
  }
  if (isKafkaError(error, "DELEGATION_TOKEN_AUTH_DISABLED")) {
    throw new UsageFault("there are no tokens before every broker has delegation.token.secret.key");
  }
  throw error;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString();
}

export const commands = [create, list, renew, expire];
