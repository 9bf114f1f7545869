// Two consumers in one group that commit at full speed, go and come back, while a producer sends on;
// somebody stops and kills the broker in between.
//
//   java -cp "jars/*" Followers.java <bootstrap> <classic|consumer> <seconds>
//
// What must hold: in a partition that a consumer has, one record follows the other; where it begins is
// where the group has last committed. Of a commit whose answer was lost nobody knows: both are right
// then. "broken: ..." is told where that does not hold.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Followers {
  private static final String TOPIC = "followed";
  private static final int PARTITIONS = 4;
  private static final int STAY_LEAST_MS = 500;
  private static final int STAY_MOST_MS = 4_000;
  private static String bootstrap;
  private static String protocol;
  private static volatile long until;
  private static final Map<Integer, Place> places = new HashMap<>();
  private static final List<String> broken = new ArrayList<>();
  private static final AtomicLong read = new AtomicLong();
  private static final AtomicLong commits = new AtomicLong();
  private static final AtomicLong entries = new AtomicLong();

  /** Where the next who reads a partition may begin. */
  private static class Place {
    long committed = 0;
    /** Later commits of which nobody knows. */
    final Set<Long> unknown = new HashSet<>();
    /** Behind the last record that anybody has seen; that was sent. */
    long seen = 0;
    long end = 0;
  }

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    protocol = args[1];
    for (int at = 0; at < PARTITIONS; at++) places.put(at, new Place());
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
    }
    System.out.println("begun");
    until = System.nanoTime() + Long.parseLong(args[2]) * 1_000_000_000L;
    List<Thread> threads = new ArrayList<>();
    threads.add(new Thread(Followers::send));
    for (int seed = 0; seed < 2; seed++) {
      Random random = new Random(seed);
      threads.add(new Thread(() -> comeAndGo(random)));
    }
    for (Thread thread : threads) thread.start();
    for (Thread thread : threads) thread.join();
    System.out.println("ended");
    readToTheEnd();
    long left = places.values().stream().mapToLong(place -> place.end - place.seen).sum();
    System.out.println("read: " + read + " commits: " + commits + " entries: " + entries);
    System.out.println("unread: " + left);
    System.out.println("broken: " + broken);
  }

  private static boolean isOver() {
    return System.nanoTime() > until;
  }

  private static void send() {
    Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "linger.ms", 2);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (long sent = 0; !isOver(); sent++) {
        int partition = (int) (sent % PARTITIONS);
        producer.send(new ProducerRecord<>(TOPIC, partition, null, "x"), (metadata, error) -> {
          if (error != null) return;
          synchronized (places) {
            Place place = places.get(metadata.partition());
            place.end = Math.max(place.end, metadata.offset() + 1);
          }
        });
        if (sent % 20 == 0) Thread.sleep(1);
      }
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void comeAndGo(Random random) {
    while (!isOver()) {
      long stay = STAY_LEAST_MS + random.nextInt(STAY_MOST_MS - STAY_LEAST_MS);
      long end = System.nanoTime() + stay * 1_000_000L;
      follow(() -> System.nanoTime() > end);
    }
  }

  private static void readToTheEnd() {
    long end = System.nanoTime() + 60_000_000_000L;
    follow(() -> {
      synchronized (places) {
        boolean isRead = places.values().stream().allMatch(place -> place.seen >= place.end);
        return isRead || System.nanoTime() > end;
      }
    });
  }

  /** A consumer's stay in the group. */
  private static void follow(java.util.function.BooleanSupplier isOver) {
    Map<String, Object> config = new HashMap<>(Map.of(
      "bootstrap.servers", bootstrap,
      "group.id", "followers",
      "group.protocol", protocol,
      "enable.auto.commit", false,
      "auto.offset.reset", "earliest",
      "fetch.max.wait.ms", 50,
      "max.poll.records", 200));
    if (protocol.equals("classic")) {
      config.put("session.timeout.ms", 3_000);
      config.put("heartbeat.interval.ms", 200);
    }
    Map<TopicPartition, Long> positions = new HashMap<>();
    entries.incrementAndGet();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(TOPIC), new ConsumerRebalanceListener() {
        @Override public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
          assigned.forEach(positions::remove);
        }

        @Override public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
          revoked.forEach(positions::remove);
        }
      });
      while (!isOver.getAsBoolean()) {
        Map<TopicPartition, Long> next = new HashMap<>();
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(50))) {
          TopicPartition at = new TopicPartition(record.topic(), record.partition());
          see(record, positions.get(at));
          positions.put(at, record.offset() + 1);
          next.put(at, record.offset() + 1);
        }
        if (!next.isEmpty()) commit(consumer, next);
      }
    }
  }

  private static void see(ConsumerRecord<String, String> record, Long expected) {
    read.incrementAndGet();
    synchronized (places) {
      Place place = places.get(record.partition());
      long offset = record.offset();
      boolean isRight = expected != null
        ? offset == expected
        : offset == place.committed || place.unknown.contains(offset);
      if (!isRight) {
        broken.add(record.partition() + ": reads " + offset + ", not " +
          (expected != null ? expected : place.committed + " or " + place.unknown));
      }
      place.seen = Math.max(place.seen, offset + 1);
    }
  }

  private static void commit(
      KafkaConsumer<String, String> consumer, Map<TopicPartition, Long> next) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    synchronized (places) {
      next.forEach((at, offset) -> {
        offsets.put(at, new OffsetAndMetadata(offset));
        places.get(at.partition()).unknown.add(offset);
      });
    }
    try {
      consumer.commitSync(offsets, Duration.ofSeconds(20));
    } catch (KafkaException error) {
      // A first try may have been stored, whatever became of the second one.
      return;
    }
    commits.incrementAndGet();
    synchronized (places) {
      next.forEach((at, offset) -> {
        Place place = places.get(at.partition());
        place.committed = offset;
        place.unknown.clear();
      });
    }
  }
}
