// Room that blocks are unpacked into, used again. Of fresh memory the first touch costs as much as
// what is unpacked into it, and many large arrays that nobody needs any more keep the collector
// busy: together half of what it took to look into a batch of lz4.
//
// Invariant: no two hold the same room, and no more than `spareMax` wait for their next use.

/** Bytes to unpack into, as an array and as a view of the same. */
export interface UnpackingRoom {
  readonly into: Uint8Array;
  readonly view: DataView;
}

const spareMax = 2;
/** The largest block of a codec, and some. */
const spareBytesMax = 4 * 1024 * 1024 + 64;
const spare: UnpackingRoom[] = [];

/** Room for `bytes`; what is in it is left from others. */
export function takeRoom(bytes: number): UnpackingRoom {
  const index = spare.findIndex(({ into }) => into.length >= bytes);
  const [found] = index < 0 ? [] : spare.splice(index, 1);
  if (found !== undefined) return found;
  const into = new Uint8Array(bytes);
  return { into, view: new DataView(into.buffer) };
}

/** Nobody looks at what is in it any more. */
export function giveRoom(room: UnpackingRoom): void {
  if (room.into.length > spareBytesMax) return;
  spare.push(room);
  if (spare.length <= spareMax) return;
  // The largest fit all.
  spare.sort((a, b) => b.into.length - a.into.length).pop();
}
