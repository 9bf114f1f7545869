// What a server that speaks JSON has answered.

/** The object that `text` is; undefined where it is none. */
export function answerIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const answer = JSON.parse(text);
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
