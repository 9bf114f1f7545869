// Turns good bytes into bad ones, repeatably: bits turned, bytes cut, repeated, inserted or
// overwritten by extreme lengths, and now and then plain noise.

/** Random integers in [0, below), the same for the same seed. */
export type Random = (below: number) => number;

const extremes = [
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0x80, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x00, 0x0f, 0x42, 0x41],
  [0xff, 0x7f],
];

/** A 32-bit xorshift. */
export function randomFrom(seed: number): Random {
  let state = (seed | 0) || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A seed for a run that was given none. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** `good` with one to three changes, or noise. */
export function mutated(good: Uint8Array, random: Random): Uint8Array {
  const bytes = Array.from(good);
  if (random(8) === 0) return Uint8Array.from({ length: random(200) }, () => random(256));
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    switch (random(5)) {
      case 0:
        if (at < bytes.length) bytes[at] ^= 1 << random(8);
        break;
      case 1:
        bytes.length = at;
        break;
      case 2:
        bytes.splice(at, 0, ...bytes.slice(at, at + random(20)));
        break;
      case 3:
        bytes.splice(at, random(8), ...extremes[random(extremes.length)]);
        break;
      case 4:
        bytes.splice(at, 0, random(256));
    }
  }
  return Uint8Array.from(bytes);
}

/** `good` with a value or two overwritten in place from `start` on: it often still parses. */
export function retouched(good: Uint8Array, start: number, random: Random): Uint8Array {
  const bytes = good.slice();
  for (let changes = 1 + random(2); changes > 0 && bytes.length > start; changes--) {
    const at = start + random(bytes.length - start);
    if (random(2) === 0) bytes[at] ^= 1 << random(8);
    else bytes.set(extremes[random(extremes.length)].slice(0, bytes.length - at), at);
  }
  return bytes;
}
