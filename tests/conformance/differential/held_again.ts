// Conversations that were held more than once, since some of Kafka's answers are a matter of its
// threads: a group that is seen before or after what follows a heartbeat.
//
//   held    Kafka   Ottla
//   1st     3       4        a difference
//   2nd     4       4        Kafka has both answers, and Ottla one of them each time: none
//
// Invariant: what Kafka always answers in one way, Ottla answers in that way each time.

import type { Answers, Difference } from "../differential.ts";

/** One of the times that a conversation was held. */
export interface Holding {
  /** What names of topics and groups ended with. */
  readonly name: string;
  readonly kafka: Answers;
  readonly ottla: Answers;
  readonly differences: readonly Difference[];
}

/** The titles of questions that Kafka has several answers to, where each of Ottla's is one. */
export function variableQuestions(holdings: readonly Holding[]): Set<string> {
  const titles = new Set(holdings.flatMap(({ differences }) => differences.map((d) => d.title)));
  return new Set([...titles].filter((title) => {
    const ofKafka = new Set(holdings.map(({ kafka, name }) => comparable(kafka.get(title), name)));
    const isKafkas = ({ ottla, name }: Holding) => ofKafka.has(comparable(ottla.get(title), name));
    return ofKafka.size > 1 && holdings.every(isKafkas);
  }));
}

/** The differences that Kafka's own variety does not explain. */
export function unexplained(holdings: readonly Holding[]): Difference[] {
  const variable = variableQuestions(holdings);
  const found = holdings.flatMap(({ differences }) => differences);
  const byLine = new Map(found.map((each) => [each.line, each]));
  return [...byLine.values()].filter(({ title }) => !variable.has(title));
}

/** The answer as text, in which the names of the conversation are those of every other. */
function comparable(answer: unknown, name: string): string {
  const text = JSON.stringify(answer, (_, value) => typeof value === "bigint" ? `${value}` : value);
  return (text ?? "none").replaceAll(`-${name}`, "-<name>");
}
