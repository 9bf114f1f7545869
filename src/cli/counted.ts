// How many of something, for people.

/** `1 record`, `2 records`; `many` where that is no matter of an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
