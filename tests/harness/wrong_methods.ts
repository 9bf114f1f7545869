// Code with other methods, for as long as somebody looks whether that is noticed.
//
//   const mend = wrongly(ProducerState, "check", (right) => () => ({ duplicate: undefined }));
//   try { ... } finally { mend(); }

interface Type<T> {
  readonly prototype: T;
}

/** `type` with another method `name`; returns how to mend it. */
export function wrongly<T extends object, K extends keyof T & string>(
  { prototype }: Type<T>,
  name: K,
  change: (right: T[K]) => T[K],
): () => void {
  const right = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...right, value: change(right.value) });
  return () => Object.defineProperty(prototype, name, right);
}

/** The same for what is asked without a call. */
export function wrongGetter<T extends object, K extends keyof T & string>(
  { prototype }: Type<T>,
  name: K,
  get: (this: T) => T[K],
): () => void {
  const right = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...right, get });
  return () => Object.defineProperty(prototype, name, right);
}
