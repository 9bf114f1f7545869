// What a diagnosis says of one thing that it has looked at.

/** Something that holds, or does not. */
export interface Finding {
  /** `fault` keeps clients from working; `warning` may keep some of them. */
  readonly level: "ok" | "warning" | "fault";
  /** What was looked at, and what there is to say of it. */
  readonly text: string;
  /** What to do about it; undefined where nothing has to be done. */
  readonly fix?: string;
}
