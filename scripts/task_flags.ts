// The flags of a task, which refuses those that it does not have: a half hour of measuring what
// nobody has asked for is a dear answer to a slip of the pen.

import { parseArgs, type ParseOptions } from "@std/cli/parse-args";

/** Like parseArgs; an option that is not among `string` and `boolean` ends the process. */
export const taskFlags: typeof parseArgs = (args: string[], options?: ParseOptions) => {
  const names = [options?.string, options?.boolean].flat().filter((name) =>
    typeof name === "string"
  );
  const unknown = (given: string, name?: string) => {
    if (name === undefined) return true;
    const known = names.map((each) => `--${each}`).join(" ");
    if (name === "help") {
      console.log(known);
      Deno.exit(0);
    }
    console.error(`${given} is no option here: there are ${known}`);
    Deno.exit(2);
  };
  return parseArgs(args, { ...options, unknown });
};
