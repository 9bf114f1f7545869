// Kafka Streams with exactly_once_v2: a word count and a join of two streams, two instances of the
// application, each with its own folder for state. What arrives is held to what must arrive.
//
//   words    ── split ── repartition by word ── count ──> counts   every word with 1, 2, 3 ... once
//   orders   ──┐
//              ├─ join by key, within a day ──────────> shipped    every key once
//   payments ──┘
//
//   java -cp "jars/*" Streams.java <bootstrap> <classic|streams> <keys> <state folder>
//
// "results <n>" is told as they arrive, so that somebody can stop the broker in between; records are
// fed while they do. "done" is told when all is there; the application ends with its input.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;

public class Streams {
  private static final String[] WORDS = {"to", "be", "or", "not", "that", "is", "the", "question"};
  private static final long START = 1_700_000_000_000L;
  private static final int PARTITIONS = 3;

  private static String bootstrap;
  private static int keys;
  private static final AtomicInteger replaced = new AtomicInteger();

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    keys = Integer.parseInt(args[2]);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      List<NewTopic> topics = new ArrayList<>();
      for (String name : List.of("words", "orders", "payments", "counts", "shipped")) {
        topics.add(new NewTopic(name, PARTITIONS, (short) -1));
      }
      admin.createTopics(topics).all().get();
    }
    List<KafkaStreams> instances = new ArrayList<>();
    for (int i = 0; i < 2; i++) instances.add(begin(args[1], args[3] + "/" + i));
    Thread feeder = new Thread(Streams::feed);
    feeder.start();
    boolean isRight = readResults();
    feeder.join();
    System.out.println("done");
    while (System.in.read() >= 0) continue;
    for (KafkaStreams streams : instances) streams.close(Duration.ofSeconds(30));
    System.out.println("threads replaced: " + replaced.get());
    System.exit(isRight ? 0 : 1);
  }

  private static KafkaStreams begin(String protocol, String folder) {
    Properties settings = new Properties();
    settings.put("application.id", "shop");
    settings.put("bootstrap.servers", bootstrap);
    settings.put("group.protocol", protocol);
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("state.dir", folder);
    settings.put("num.stream.threads", "1");
    if (protocol.equals("classic")) settings.put("num.standby.replicas", "1");
    settings.put("commit.interval.ms", "100");
    // Each change of a count is a result of its own.
    settings.put("statestore.cache.max.bytes", "0");
    settings.put("default.key.serde", Serdes.StringSerde.class.getName());
    settings.put("default.value.serde", Serdes.StringSerde.class.getName());
    settings.put("producer.max.block.ms", "120000");
    KafkaStreams streams = new KafkaStreams(topology(), settings);
    streams.setUncaughtExceptionHandler(exception -> {
      System.out.println("a thread ended: " + exception);
      replaced.incrementAndGet();
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    });
    streams.start();
    return streams;
  }

  private static Topology topology() {
    StreamsBuilder builder = new StreamsBuilder();
    builder.<String, String>stream("words")
      .flatMapValues(line -> Arrays.asList(line.split(" ")))
      .groupBy((key, word) -> word)
      .count()
      .toStream()
      .mapValues(count -> Long.toString(count))
      .to("counts");
    KStream<String, String> payments = builder.stream("payments");
    builder.<String, String>stream("orders")
      .join(
        payments,
        (order, payment) -> order + "/" + payment,
        JoinWindows.ofTimeDifferenceAndGrace(Duration.ofDays(1), Duration.ofDays(1)))
      .to("shipped");
    return builder.build();
  }

  /** The words of line `i`. */
  private static String line(int i) {
    int length = WORDS.length;
    return WORDS[i % length] + " " + WORDS[(i * 3 + 1) % length] + " " + WORDS[(i / 5) % length];
  }

  /** Payments come in another order than orders do, and before or after them. */
  private static void feed() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("enable.idempotence", "true");
    settings.put("delivery.timeout.ms", "600000");
    settings.put("max.block.ms", "600000");
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", StringSerializer.class.getName());
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
      for (int i = 0; i < keys; i++) {
        int paid = (int) ((i * 7919L) % keys);
        send(producer, "words", "line-" + i, line(i), i);
        send(producer, "orders", "key-" + i, "order-" + i, i);
        send(producer, "payments", "key-" + paid, "payment-" + paid, i);
        if (i % 20 == 0) Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void send(
      KafkaProducer<String, String> producer, String topic, String key, String value, int at) {
    producer.send(new ProducerRecord<>(topic, null, START + at, key, value), (sent, problem) -> {
      if (problem != null) System.out.println("could not feed: " + problem);
    });
  }

  /** Which protocol the group speaks, as it is listed. */
  private static void tellGroup() {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      for (GroupListing each : admin.listGroups().all().get()) {
        String type = each.type().map(GroupType::toString).orElse("none");
        System.out.println("group: " + each.groupId() + " " + type.toLowerCase());
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Until all that must come has come, and no more comes for a while. */
  private static boolean readResults() {
    Map<String, Integer> expected = new TreeMap<>();
    for (int i = 0; i < keys; i++) {
      for (String word : line(i).split(" ")) expected.merge(word, 1, Integer::sum);
    }
    int wanted = keys * 4;
    Map<String, Integer> counts = new TreeMap<>();
    Map<String, Integer> shipped = new HashMap<>();
    List<String> wrong = new ArrayList<>();
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("isolation.level", "read_committed");
    settings.put("auto.offset.reset", "none");
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", StringDeserializer.class.getName());
    int read = 0;
    int told = 0;
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < PARTITIONS; i++) {
        partitions.add(new TopicPartition("counts", i));
        partitions.add(new TopicPartition("shipped", i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      int empty = 0;
      while (read < wanted ? empty < 600 : empty < 10) {
        int before = read;
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          read++;
          if (record.topic().equals("shipped")) {
            String number = record.key().substring("key-".length());
            shipped.merge(record.key(), 1, Integer::sum);
            if (!record.value().equals("order-" + number + "/payment-" + number)) {
              wrong.add(record.key() + " is " + record.value());
            }
          } else {
            int next = counts.merge(record.key(), 1, Integer::sum);
            if (!record.value().equals(Integer.toString(next))) {
              wrong.add(record.key() + " is " + record.value() + ", and not " + next);
            }
          }
        }
        empty = read == before ? empty + 1 : 0;
        if (read == told) continue;
        told = read;
        System.out.println("results " + read);
      }
    }
    long twice = shipped.values().stream().filter(times -> times > 1).count();
    tellGroup();
    System.out.println("counts: " + counts.values().stream().mapToInt(each -> each).sum()
      + " right: " + counts.equals(expected));
    System.out.println("shipped: " + shipped.size() + " twice: " + twice);
    System.out.println("wrong: " + wrong.stream().limit(10).toList());
    return wrong.isEmpty() && twice == 0 && read == wanted && counts.equals(expected);
  }
}
