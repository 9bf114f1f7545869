import { assertEquals } from "@std/assert";
import { type Holding, unexplained, variableQuestions } from "./held_again.ts";

const title = "5. Fetch v12";

function holding(name: string, kafka: unknown, ottla: unknown): Holding {
  const line = `${name}: Kafka ${kafka}, Ottla ${ottla}`;
  return {
    name,
    kafka: new Map([[title, kafka]]),
    ottla: new Map([[title, ottla]]),
    differences: Object.is(kafka, ottla) ? [] : [{ title, line, asked: "" }],
  };
}

const linesOf = (holdings: readonly Holding[]) => unexplained(holdings).map(({ line }) => line);

Deno.test("an answer that Kafka gives at times is no difference", () => {
  assertEquals(linesOf([holding("1", 3, 4), holding("2", 4, 4)]), []);
  assertEquals(linesOf([holding("1", 3, 4), holding("2", 4, 3)]), []);
});

Deno.test("an answer that Kafka never gives is one, however often it is asked", () => {
  assertEquals(linesOf([holding("1", 3, 4), holding("2", 3, 3)]), ["1: Kafka 3, Ottla 4"]);
  assertEquals(linesOf([holding("1", 3, 5), holding("2", 4, 4)]), ["1: Kafka 3, Ottla 5"]);
  assertEquals(linesOf([holding("1", 3, 4)]), ["1: Kafka 3, Ottla 4"]);
});

Deno.test("names that end with the conversation's own are the same in each", () => {
  const holdings = [
    holding("1", "topic-1 a", "topic-1 b"),
    holding("2", "topic-2 b", "topic-2 b"),
  ];
  assertEquals([...variableQuestions(holdings)], [title]);
});
