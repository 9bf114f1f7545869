// A program that keeps a disk busy until it is killed: disk_hog.ts FILE writes some MB and syncs
// them, over and over, in one file of a bounded size. It says "busy" once the first are on disk.

const stepBytes = 8 * 1024 * 1024;
const fileBytes = 16 * stepBytes;
/** What the platform's generator gives at once. */
const randomBytesMax = 65_536;

const [path] = Deno.args;
if (path === undefined) throw new Error("disk_hog.ts FILE");
const bytes = new Uint8Array(stepBytes);
for (let start = 0; start < stepBytes; start += randomBytesMax) {
  crypto.getRandomValues(bytes.subarray(start, start + randomBytesMax));
}
const file = await Deno.open(path, { write: true, create: true });
for (let position = 0;; position = (position + stepBytes) % fileBytes) {
  await file.seek(position, Deno.SeekMode.Start);
  for (let written = 0; written < stepBytes;) written += await file.write(bytes.subarray(written));
  await file.syncData();
  if (position === 0) console.log("busy");
}
