// What the tables say of errors holds for every answer that a test sees.

import { assert } from "@std/assert";
import { type AnyApi, ErrorCode, errorName, visitErrors } from "../../src/protocol/mod.ts";

/** Fails when `response` carries an error code that its table does not list at that level. */
export function assertListedErrors(api: AnyApi, response: unknown): void {
  const { errors, name } = api;
  if (errors === undefined) return;
  visitErrors(api, response, (code, level) => {
    const codeName = errorName(code);
    assert(
      code === ErrorCode.UNKNOWN_SERVER_ERROR || Object.hasOwn(errors[level] ?? {}, codeName),
      `${name} answers ${codeName} in ${level}: say in the errors of its table when it does`,
    );
  });
}
