// An answer of etcd's gateway that says no.

export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

const refusals = new WeakSet<object>();

export function refusal(status: number, code: number, message: string): Refusal {
  const made = { status, code, message };
  refusals.add(made);
  return made;
}

export function isRefusal(answer: object): answer is Refusal {
  return refusals.has(answer);
}
