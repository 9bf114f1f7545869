// How records are compressed, as the commands that send them are told.

import { type CompressionType, compressionTypes } from "../records/mod.ts";
import { ArgumentFault } from "./arguments.ts";

export const compressionOption = {
  compression: {
    kind: "text",
    value: "TYPE",
    short: "z",
    also: ["compression-codec"],
    about: "none, gzip, snappy, lz4 or zstd",
  },
} as const;

/** The type that is named; none where nothing is. Throws ArgumentFault. */
export function compressionIn(word = "none"): CompressionType {
  const type = compressionTypes.find((each) => each === word);
  if (type !== undefined) return type;
  throw new ArgumentFault(`--compression takes ${compressionTypes.join(", ")}, not "${word}"`);
}
