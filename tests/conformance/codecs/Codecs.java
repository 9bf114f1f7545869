// What Apache Kafka's own classes make of packed records: the reference for our decoders. One file,
// run from source:
//
//   java -cp "jars/*" Codecs.java < frames > verdicts
//
//   frame   = int32 size of the rest | uint8 codec id | uint8 magic | int32 record count | packed
//   verdict = int32 size of the rest | uint8 content | uint8 consumer | uint8 broker | body
//             each 0: read, 1: refused, 2: has no end; body: the content, or why there is none
//
// "content" reads the codec's stream to its end. "consumer" is what a Java consumer does with a
// batch (every record of it, and nothing left behind them), "broker" what a broker does on Produce
// (keys and values skipped); both only for magic 2.

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;

public final class Codecs {
  private static final int READ = 0;
  private static final int REFUSED = 1;
  private static final int ENDLESS = 2;
  private static final int CONTENT_MAX = 64 * 1024 * 1024;
  private static final long PATIENCE_SECONDS = 20;

  private static ExecutorService worker = newWorker();

  public static void main(String[] args) throws Exception {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
    for (;;) {
      int size;
      try {
        size = in.readInt();
      } catch (EOFException end) {
        break;
      }
      int codec = in.readUnsignedByte();
      int magic = in.readUnsignedByte();
      int count = in.readInt();
      byte[] packed = new byte[size - 6];
      in.readFully(packed);
      judge(out, CompressionType.forId(codec), (byte) magic, count, packed);
    }
    out.flush();
    System.exit(0);
  }

  private static void judge(
      DataOutputStream out, CompressionType type, byte magic, int count, byte[] packed)
      throws Exception {
    Verdict content = within(() -> contentOf(type, magic, packed));
    Verdict consumer = content;
    Verdict broker = content;
    if (magic == 2) {
      ByteBuffer batch = batchOf(type, count, packed);
      consumer = within(() -> readRecords(batch.duplicate()));
      broker = within(() -> skipRecords(batch.duplicate()));
    }
    byte[] body = content.body;
    if (content.code == READ && consumer.code != READ) body = consumer.body;
    out.writeInt(3 + body.length);
    out.writeByte(content.code);
    out.writeByte(consumer.code);
    out.writeByte(broker.code);
    out.write(body);
  }

  private static byte[] contentOf(CompressionType type, byte magic, byte[] packed)
      throws Exception {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.wrap(packed);
    try (InputStream in =
        Compression.of(type).build().wrapForInput(buffer, magic, BufferSupplier.create())) {
      byte[] chunk = new byte[8192];
      for (int read; (read = in.read(chunk)) != -1; ) {
        content.write(chunk, 0, read);
        if (content.size() > CONTENT_MAX) throw new IllegalStateException("too much");
      }
    }
    return content.toByteArray();
  }

  private static ByteBuffer batchOf(CompressionType type, int count, byte[] packed) {
    int size = DefaultRecordBatch.RECORD_BATCH_OVERHEAD + packed.length;
    ByteBuffer batch = ByteBuffer.allocate(size);
    batch.position(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
    batch.put(packed);
    batch.position(0);
    DefaultRecordBatch.writeHeader(batch, 0L, count - 1, size, (byte) 2, type,
        TimestampType.CREATE_TIME, 1000L, 1000L, -1L, (short) -1, -1, false, false, false, -1,
        count);
    batch.position(0).limit(size);
    return batch;
  }

  private static byte[] readRecords(ByteBuffer bytes) {
    MutableRecordBatch batch = MemoryRecords.readableRecords(bytes).batches().iterator().next();
    batch.ensureValid();
    try (CloseableIterator<Record> records = batch.streamingIterator(BufferSupplier.create())) {
      while (records.hasNext()) records.next();
    }
    return new byte[0];
  }

  private static byte[] skipRecords(ByteBuffer bytes) {
    MutableRecordBatch batch = MemoryRecords.readableRecords(bytes).batches().iterator().next();
    batch.ensureValid();
    try (CloseableIterator<Record> records = batch.skipKeyValueIterator(BufferSupplier.create())) {
      while (records.hasNext()) records.next();
    }
    return new byte[0];
  }

  /** What a reader came to. */
  private record Verdict(int code, byte[] body) {}

  private static Verdict within(Callable<byte[]> reader) throws Exception {
    Future<Verdict> pending = worker.submit(() -> {
      try {
        return new Verdict(READ, reader.call());
      } catch (Throwable refusal) {
        Throwable cause = refusal.getCause() == null ? refusal : refusal.getCause();
        return new Verdict(REFUSED, cause.toString().getBytes(StandardCharsets.UTF_8));
      }
    });
    try {
      return pending.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException endless) {
      worker = newWorker();
      return new Verdict(ENDLESS, "no end".getBytes(StandardCharsets.UTF_8));
    }
  }

  private static ExecutorService newWorker() {
    return Executors.newSingleThreadExecutor(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      return thread;
    });
  }
}
