// A producer of so many records a second, by the clock: how many were refused, and after how long
// the others were acknowledged, counted from when each was due.
//
//   java -cp "jars/*" PacedProducer.java <bootstrap> <topic> <partitions> <records a second>
//
// Ends with its input, and tells in a line of JSON.

import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class PacedProducer {
  private static final Object LOCK = new Object();
  private static long[] nanos = new long[1024];
  private static int acknowledged;
  private static int failed;

  public static void main(String[] args) throws Exception {
    int partitions = Integer.parseInt(args[2]);
    double rate = Double.parseDouble(args[3]);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("acks", "all");
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    AtomicBoolean isOver = new AtomicBoolean();
    Thread sending = new Thread(() -> send(settings, args[1], partitions, rate, isOver));
    sending.start();
    while (System.in.read() >= 0) continue;
    isOver.set(true);
    sending.join();
    long[] sorted = Arrays.copyOf(nanos, acknowledged);
    Arrays.sort(sorted);
    System.out.printf("{\"failed\":%d,\"acknowledged\":%d,\"p50Ms\":%.1f,\"p99Ms\":%.1f,\"maxMs\":%.1f}%n",
      failed, acknowledged, at(sorted, 0.5), at(sorted, 0.99), at(sorted, 1));
  }

  private static double at(long[] sorted, double share) {
    return sorted.length == 0 ? -1 : sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
  }

  private static void send(
      Properties settings, String topic, int partitions, double rate, AtomicBoolean isOver) {
    byte[] value = new byte[100];
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
      producer.partitionsFor(topic);
      long start = System.nanoTime();
      for (long sent = 0; !isOver.get();) {
        long due = start + (long) (sent * 1e9 / rate);
        if (System.nanoTime() < due) {
          pause();
          continue;
        }
        int partition = (int) (sent++ % partitions);
        producer.send(new ProducerRecord<>(topic, partition, null, value),
          (at, e) -> note(e == null, System.nanoTime() - due));
      }
      producer.close(Duration.ofMinutes(3));
    }
  }

  private static void pause() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void note(boolean isAcknowledged, long tookNanos) {
    synchronized (LOCK) {
      if (!isAcknowledged) {
        failed++;
        return;
      }
      if (acknowledged == nanos.length) nanos = Arrays.copyOf(nanos, 2 * acknowledged);
      nanos[acknowledged++] = tookNanos;
    }
  }
}
