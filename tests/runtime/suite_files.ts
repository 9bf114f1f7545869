// The part of the ports suite about files: every sentence of `Files` and `OpenFile` in ports.ts.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import process from "node:process";
import { check, contentOf, fails, pattern, sameBytes, type SubjectOptions } from "./subject.ts";

export function filesSuite(options: SubjectOptions): void {
  check("an appended file reads back from any position", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const file = files.open(`${folder}/a`, "append");
    const bytes = pattern(200_000);
    for (let start = 0; start < bytes.length; start += 7_777) {
      file.append(bytes.subarray(start, start + 7_777));
    }
    assert.equal(file.size, bytes.length);
    sameBytes(contentOf(file), bytes);
    const part = new Uint8Array(100);
    assert.equal(file.readAt(131_000, part), 100);
    sameBytes(part, bytes.subarray(131_000, 131_100));
    assert.equal(file.readAt(bytes.length - 3, part), 3);
    assert.equal(file.readAt(bytes.length + 3, part), 0);
    assert.equal(await file.readAtAsync(65_000, part), 100);
    sameBytes(part, bytes.subarray(65_000, 65_100));
    assert.equal(await file.readAtAsync(bytes.length - 1, part), 1);
    assert.equal(file.path, `${folder}/a`);
    file.close();
  });

  check("asynchronous reads, appends and syncs do not disturb each other", options, async (s) => {
    const file = s.runtime.files.open(`${s.folder}/a`, "append");
    const bytes = pattern(300_000);
    file.append(bytes.subarray(0, 100_000));
    const reads = [0, 25_000, 50_000, 90_000].map(async (position) => {
      const into = new Uint8Array(10_000);
      assert.equal(await file.readAtAsync(position, into), 10_000);
      sameBytes(into, bytes.subarray(position, position + 10_000));
    });
    const syncs = [file.sync(), file.sync()];
    const into = new Uint8Array(5);
    for (let start = 100_000; start < 300_000; start += 1_000) {
      file.append(bytes.subarray(start, start + 1_000));
      assert.equal(file.readAt(start - 2, into), 5);
      sameBytes(into, bytes.subarray(start - 2, start + 3));
    }
    await Promise.all([...reads, ...syncs]);
    sameBytes(contentOf(file), bytes);
    file.close();
  });

  check("a file that grows by megabytes is as long as what was appended", options, async (s) => {
    const { runtime: { files }, folder } = s;
    const path = `${folder}/a`;
    const [piece, last] = [pattern(300_000), pattern(1_000, 7)];
    const file = files.open(path, "append");
    for (let i = 1; i <= 12; i++) {
      file.append(piece);
      assert.equal(files.stat(path)?.size, i * piece.length);
    }
    file.truncate(8 * piece.length);
    assert.equal(files.stat(path)?.size, 8 * piece.length);
    for (let i = 0; i < 8; i++) file.append(piece);
    await file.sync();
    const other = files.open(path, "append");
    other.append(last);
    file.close();
    const bytes = new Uint8Array(16 * piece.length + last.length);
    for (let i = 0; i < 16; i++) bytes.set(piece, i * piece.length);
    bytes.set(last, 16 * piece.length);
    sameBytes(contentOf(other), bytes);
    other.close();
    assert.equal(files.stat(path)?.size, bytes.length);
  });

  check("append keeps what is there, create empties, read only reads", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const path = `${folder}/a`;
    for (const text of [pattern(10), pattern(20, 5)]) {
      const file = files.open(path, "append");
      file.append(text);
      file.close();
    }
    const reading = files.open(path, "read");
    assert.equal(reading.size, 30);
    await fails("Closed", () => reading.append(pattern(1)));
    reading.close();
    const created = files.open(path, "create");
    assert.equal(created.size, 0);
    created.append(pattern(2));
    sameBytes(contentOf(created), pattern(2));
    created.close();
    assert.equal(files.stat(path)?.size, 2);
  });

  check("what is made is for nobody else's eyes", options, (subject) => {
    const { runtime: { files }, folder } = subject;
    const inside = `${folder}/inside`;
    files.makeFolder(inside);
    for (const mode of ["append", "create"] as const) files.open(`${inside}/${mode}`, mode).close();
    for (const path of [inside, `${inside}/append`, `${inside}/create`]) {
      const isReal = statSync(path, { throwIfNoEntry: false }) !== undefined;
      if (!isReal || process.platform === "win32") return Promise.resolve();
      assert.equal(statSync(path).mode & 0o077, 0, path);
    }
    return Promise.resolve();
  });

  check("what is overwritten keeps its bytes until they are written over", options, async (s) => {
    const { runtime: { files }, folder } = s;
    const path = `${folder}/a`;
    const before = files.open(path, "create");
    before.append(pattern(30));
    before.close();
    const file = files.open(path, "overwrite");
    assert.equal(file.size, 0);
    file.append(pattern(10, 5));
    file.append(pattern(10, 9));
    await file.sync();
    assert.equal(file.size, 20);
    assert.equal(files.stat(path)?.size, 30);
    const reading = files.open(path, "read");
    const bytes = contentOf(reading);
    sameBytes(bytes.subarray(0, 10), pattern(10, 5));
    sameBytes(bytes.subarray(10, 20), pattern(10, 9));
    sameBytes(bytes.subarray(20), pattern(30).subarray(20));
    reading.close();
    file.append(pattern(15, 2));
    file.close();
    assert.equal(files.stat(path)?.size, 35);
  });

  check("opening what is not there is NotFound and names the path", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const message = await fails("NotFound", () => files.open(`${folder}/none`, "read"));
    assert.ok(message.includes(`${folder}/none`), message);
    await fails("NotFound", () => files.open(`${folder}/none`, "overwrite"));
    await fails("NotFound", () => files.open(`${folder}/none/a`, "append"));
    await fails("NotFound", () => files.open(`${folder}/none/a`, "create"));
    await fails("Io", () => files.open(folder, "read"));
    assert.deepEqual(files.list(folder), []);
  });

  check("truncate cuts, and the next append goes after the cut", options, async (subject) => {
    const file = await subject.runtime.files.open(`${subject.folder}/a`, "append");
    file.append(pattern(100_000));
    file.truncate(70_000);
    assert.equal(file.size, 70_000);
    file.append(pattern(10, 9));
    assert.equal(file.size, 70_010);
    const whole = contentOf(file);
    sameBytes(whole.subarray(0, 70_000), pattern(70_000));
    sameBytes(whole.subarray(70_000), pattern(10, 9));
    file.truncate(0);
    assert.equal(file.readAt(0, new Uint8Array(4)), 0);
    file.close();
  });

  check("an open file outlives its name", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const file = files.open(`${folder}/a`, "append");
    file.append(pattern(5_000));
    files.rename(`${folder}/a`, `${folder}/b`);
    const into = new Uint8Array(5_000);
    assert.equal(await file.readAtAsync(0, into), 5_000);
    sameBytes(into, pattern(5_000));
    const other = files.open(`${folder}/a`, "append");
    other.append(pattern(5_000, 3));
    other.close();
    assert.equal(await file.readAtAsync(0, into), 5_000);
    sameBytes(into, pattern(5_000));
    files.remove(`${folder}/b`);
    file.append(pattern(1));
    await file.sync();
    assert.equal(file.readAt(0, into), 5_000);
    assert.equal(await file.readAtAsync(4_999, into), 2);
    file.close();
    assert.deepEqual(files.list(folder), ["a"]);
  });

  check("calls on a closed file throw Closed, closing twice is fine", options, async (subject) => {
    const file = subject.runtime.files.open(`${subject.folder}/a`, "append");
    file.append(pattern(50_000));
    const into = new Uint8Array(50_000);
    const reading = file.readAtAsync(0, into);
    const syncing = file.sync();
    file.close();
    file.close();
    assert.equal(await reading, 50_000);
    sameBytes(into, pattern(50_000));
    await syncing;
    await fails("Closed", () => file.append(pattern(1)));
    await fails("Closed", () => file.readAt(0, into));
    await fails("Closed", () => file.readAtAsync(0, into));
    await fails("Closed", () => file.truncate(0));
    const message = await fails("Closed", () => file.sync());
    assert.ok(message.includes(file.path), message);
  });

  foldersSuite(options);
  lockSuite(options);
}

function foldersSuite(options: SubjectOptions): void {
  check("folders list their names sorted, and stat tells what is there", options, async (s) => {
    const { runtime: { files, clock }, folder } = s;
    const beganMs = clock.now();
    files.makeFolder(`${folder}/b/c/d`);
    files.makeFolder(`${folder}/b/c/d`);
    for (const name of ["z", "a10", "a9", "Z"]) files.open(`${folder}/${name}`, "append").close();
    assert.deepEqual(files.list(folder), ["Z", "a10", "a9", "b", "z"]);
    assert.deepEqual(files.list(`${folder}/b`), ["c"]);
    await fails("NotFound", () => files.list(`${folder}/none`));
    assert.equal(files.stat(`${folder}/none`), undefined);
    assert.equal(files.stat(`${folder}/z/below`), undefined);
    assert.deepEqual(
      { ...files.stat(`${folder}/b`), modifiedMs: 0 },
      { isDirectory: true, size: 0, modifiedMs: 0 },
    );
    const info = files.stat(`${folder}/z`);
    assert.ok(info && !info.isDirectory && info.size === 0);
    assert.ok(Number.isInteger(info.modifiedMs));
    // File systems count in ticks of up to two seconds.
    assert.ok(info.modifiedMs >= beganMs - 2_000 && info.modifiedMs <= clock.now());
    await fails("AlreadyExists", () => files.makeFolder(`${folder}/z`));
  });

  for (const name of ["rename", "renameAsync"] as const) {
    check(`${name} replaces a file and moves a folder`, options, async (subject) => {
      const { runtime: { files }, folder } = subject;
      for (const [name, seed] of [["new", 1], ["old", 2]] as const) {
        const file = files.open(`${folder}/${name}`, "append");
        file.append(pattern(10, seed));
        file.close();
      }
      await files[name](`${folder}/new`, `${folder}/old`);
      assert.deepEqual(files.list(folder), ["old"]);
      const file = files.open(`${folder}/old`, "read");
      sameBytes(contentOf(file), pattern(10, 1));
      file.close();
      files.makeFolder(`${folder}/p-0`);
      files.open(`${folder}/p-0/log`, "append").close();
      await files[name](`${folder}/p-0`, `${folder}/p-0-delete`);
      assert.deepEqual(files.list(`${folder}/p-0-delete`), ["log"]);
      const message = await fails(
        "NotFound",
        async () => await files[name](`${folder}/none`, `${folder}/x`),
      );
      assert.ok(message.includes(`${folder}/none`), message);
    });
  }

  check("remove takes a file, a whole folder, or nothing", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    files.makeFolder(`${folder}/a/b`);
    files.open(`${folder}/a/b/c`, "append").close();
    files.open(`${folder}/f`, "append").close();
    files.remove(`${folder}/f`);
    files.remove(`${folder}/a`);
    files.remove(`${folder}/a`);
    files.remove(`${folder}/none/none`);
    files.makeFolder(`${folder}/c/d`);
    files.open(`${folder}/c/f`, "create").close();
    for (const name of ["c/f", "c", "c", "none/none"]) await files.removeAsync(`${folder}/${name}`);
    assert.equal(files.stat(`${folder}/c`), undefined);
    assert.deepEqual(await files.list(folder), []);
  });

  check("a folder syncs, one that is missing does not", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    files.open(`${folder}/a`, "append").close();
    assert.equal(await files.syncFolder(folder), undefined);
    await fails("NotFound", () => files.syncFolder(`${folder}/none`));
    assert.equal(files.syncFolderNow(folder), undefined);
    await fails("NotFound", () => files.syncFolderNow(`${folder}/none`));
  });

  check("free bytes are told", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    assert.ok(files.freeBytes(folder) > 1_000_000);
    await fails("NotFound", () => files.freeBytes(`${folder}/none`));
    assert.ok(files.totalBytes(folder) >= files.freeBytes(folder));
    await fails("NotFound", () => files.totalBytes(`${folder}/none`));
  });
}

function lockSuite(options: SubjectOptions): void {
  check("a folder is locked once at a time, also within a process", options, async (subject) => {
    const { runtime: { files }, folder } = subject;
    const lock = files.lock(folder);
    const message = await fails("Denied", () => files.lock(folder));
    assert.match(message, /process/);
    assert.ok(message.includes(folder), message);
    lock.release();
    lock.release();
    const again = files.lock(folder);
    lock.release();
    await fails("Denied", () => files.lock(folder));
    again.release();
    assert.deepEqual(files.list(folder), []);
    await fails("NotFound", () => files.lock(`${folder}/none`));
  });

  check("a folder is locked to read without a file, and not while others hold it", options, async (
    subject,
  ) => {
    const { runtime: { files, name }, folder } = subject;
    const lock = files.lock(folder);
    await fails("Denied", () => files.lockToRead(folder));
    lock.release();
    const reading = files.lockToRead(folder);
    assert.deepEqual(files.list(folder), []);
    // Node has no flock.
    assert.equal(reading.isExclusive, name !== "node");
    if (reading.isExclusive) await fails("Denied", () => files.lock(folder));
    reading.release();
    files.lock(folder).release();
  });
}
