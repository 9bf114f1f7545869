// Values under beginnings of names, found by a name: an array in order, in which each prefix knows
// the next shorter one that is a prefix of it.
//
//   a  <- ab <- abc        "abd" lies behind "abc", which does not begin it; "ab" does, and so does
//   a  <- ac               all that "ab" leads to
//
// Invariant: prefixes that begin alike lie side by side, so that the longest one of a name is the
// one before the name's own place, or on its way to shorter ones. To find it takes a comparison for
// each doubling of how many there are, however many lengths they have.

/** A prefix, with its way to shorter ones. */
export interface Prefix<V> {
  readonly text: string;
  readonly value: V;
  readonly shorter: Prefix<V> | undefined;
}

interface Node<V> extends Prefix<V> {
  shorter: Node<V> | undefined;
}

/** A map by prefix. */
export class PrefixMap<V> {
  /** By UTF-16 code units, as strings compare. */
  readonly #nodes: Node<V>[] = [];

  /** What is under just this prefix. */
  get(text: string): V | undefined {
    const node = this.#nodes[this.#countUpTo(text) - 1];
    return node?.text === text ? node.value : undefined;
  }

  /** Puts a value under a prefix that has none. */
  add(text: string, value: V): void {
    const place = this.#countUpTo(text);
    const node: Node<V> = { text, value, shorter: this.#longestOf(text, place) };
    this.#nodes.splice(place, 0, node);
    for (const longer of this.#behind(place + 1, text)) {
      if (longer.shorter === node.shorter) longer.shorter = node;
    }
  }

  delete(text: string): void {
    const place = this.#countUpTo(text) - 1;
    const node = this.#nodes[place];
    if (node?.text !== text) return;
    this.#nodes.splice(place, 1);
    for (const longer of this.#behind(place, text)) {
      if (longer.shorter === node) longer.shorter = node.shorter;
    }
  }

  /** The longest prefix of `name`; the others are those that are shorter. */
  longestOf(name: string): Prefix<V> | undefined {
    return this.#longestOf(name, this.#countUpTo(name));
  }

  /** `place`: how many are not behind `name`. */
  #longestOf(name: string, place: number): Node<V> | undefined {
    let node: Node<V> | undefined = this.#nodes[place - 1];
    while (node !== undefined && !name.startsWith(node.text)) node = node.shorter;
    return node;
  }

  /** Those from `place` on that `text` begins. */
  *#behind(place: number, text: string): Generator<Node<V>> {
    for (let i = place;; i++) {
      const node = this.#nodes[i];
      if (node === undefined || !node.text.startsWith(text)) return;
      yield node;
    }
  }

  /** How many prefixes come before `text`, itself among them. */
  #countUpTo(text: string): number {
    let low = 0;
    let high = this.#nodes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#nodes[middle]!.text <= text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
