// Regular expressions over topic names, as a port: the coordinator has no engine of its own.

/** Whether a topic's name matches the expression as a whole. */
export type NameMatcher = (name: string) => boolean;

/** An expression that cannot be compiled, and why. */
export interface BadRegex {
  readonly problem: string;
}

export interface RegexEngine {
  /** Undefined while the engine is not loaded: it is being loaded then. */
  compile(regex: string): NameMatcher | BadRegex | undefined;
}

/** Where there is none: nothing is ever compiled. */
export const noRegexes: RegexEngine = { compile: () => undefined };
