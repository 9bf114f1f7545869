// Messages with their names in one stream of bytes: what Golden.java and we tell each other, and
// what vectors.gz holds.
//
//   frame  = int32 size of the rest | uint8 length, name | int16 version | uint8 status | body
//   status = 0: the body is a message; 1: it is the reason why there is none

import { BytesReader, type BytesWriter, fromUtf8, utf8 } from "../../src/base/bytes.ts";

/** One message of a version, as bytes; or why there is none. */
export interface Frame {
  /** As Kafka's definition of it is called: FetchRequest, OffsetCommitValue. */
  readonly name: string;
  readonly version: number;
  readonly body: Uint8Array;
  /** Set when Kafka could not read or write the message; `body` is empty then. */
  readonly refusal?: string;
}

/** Appends a frame. */
export function writeFrame(writer: BytesWriter, { name, version, body }: Frame): void {
  const title = utf8(name);
  writer.int32(title.length + 4 + body.length);
  writer.int8(title.length);
  writer.bytes(title);
  writer.int16(version);
  writer.int8(0);
  writer.bytes(body);
}

/** The frames in `bytes`, their bodies as views of it. */
export function* readFrames(bytes: Uint8Array): Generator<Frame> {
  const reader = new BytesReader(bytes);
  while (reader.remaining > 0) {
    const size = reader.int32();
    const end = reader.position + size;
    const name = reader.text(reader.uint8());
    const version = reader.int16();
    const refused = reader.boolean();
    const body = reader.slice(end - reader.position);
    yield refused
      ? { name, version, body: new Uint8Array(0), refusal: fromUtf8(body) }
      : { name, version, body };
  }
}
