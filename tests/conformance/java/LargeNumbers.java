// Kafka's own clients with numbers that JavaScript cannot hold as such: each line says what was
// asked and what came of it, `nothing` for null, the class of an error by its name.
//
//   java -cp "jars/*" LargeNumbers.java <bootstrap>

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class LargeNumbers {
  private static final long NANOSECONDS = 1_700_000_000_000_000_001L;
  private static final long BEYOND_DOUBLES = (1L << 53) + 1;
  private static final TopicPartition PLAIN = new TopicPartition("plain", 0);
  private static final TopicPartition ANY_TIME = new TopicPartition("any-time", 0);
  private static final TopicPartition STAMPED = new TopicPartition("stamped", 0);

  private static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
    Map<String, Object> sending = Map.of(
      "bootstrap.servers", bootstrap,
      "key.serializer", StringSerializer.class,
      "value.serializer", StringSerializer.class);
    try (Admin admin = Admin.create(settings);
         KafkaProducer<String, String> producer = new KafkaProducer<>(sending)) {
      admin.createTopics(List.of(
        new NewTopic("plain", 1, (short) 1),
        new NewTopic("stamped", 1, (short) 1)
          .configs(Map.of("message.timestamp.type", "LogAppendTime")),
        new NewTopic("any-time", 1, (short) 1)
          .configs(Map.of("message.timestamp.after.max.ms", "" + Long.MAX_VALUE))
      )).all().get();
      producer.send(new ProducerRecord<>("plain", 0, null, "k", "v")).get();

      tell("sent in nanoseconds", () -> send(producer, PLAIN, NANOSECONDS));
      tell("stamped by the broker", () -> send(producer, STAMPED, Long.MAX_VALUE));
      tell("any time, nanoseconds", () -> send(producer, ANY_TIME, NANOSECONDS));
      tell("any time, the last", () -> send(producer, ANY_TIME, Long.MAX_VALUE));

      try (KafkaConsumer<String, String> consumer = consumer()) {
        tell("times looked up", () -> times(consumer, NANOSECONDS, NANOSECONDS + 1));
        tell("no time so late", () -> consumer.offsetsForTimes(Map.of(PLAIN, Long.MAX_VALUE)).get(PLAIN));
        tell("read back", () -> read(consumer, ANY_TIME, 0));
        tell("sought too far", () -> read(consumer, ANY_TIME, Long.MAX_VALUE));
        for (long offset : new long[] {BEYOND_DOUBLES, Long.MAX_VALUE}) {
          tell("committed", () -> {
            consumer.commitSync(Map.of(PLAIN, new OffsetAndMetadata(offset, "m")));
            return consumer.committed(Set.of(PLAIN)).get(PLAIN).offset();
          });
        }
      }
      tell("listed", () -> admin.listOffsets(Map.of(PLAIN, OffsetSpec.forTimestamp(NANOSECONDS)))
        .all().get().get(PLAIN).offset());
      tell("latest time", () -> admin.listOffsets(Map.of(ANY_TIME, OffsetSpec.maxTimestamp()))
        .all().get().get(ANY_TIME).timestamp());
      tell("deleted", () -> admin.deleteRecords(
        Map.of(PLAIN, RecordsToDelete.beforeOffset(Long.MAX_VALUE))).all().get());
      tell("groups", () -> admin.listGroups().all().get().size());
    }
  }

  private static void tell(String name, Callable<Object> ask) {
    Object result;
    try {
      result = ask.call();
    } catch (ExecutionException failure) {
      result = failure.getCause().getClass().getSimpleName();
    } catch (Exception failure) {
      result = failure.getClass().getSimpleName();
    }
    System.out.println(name + ": " + (result == null ? "nothing" : result));
  }

  private static Object send(KafkaProducer<String, String> producer, TopicPartition to, long time)
      throws Exception {
    return producer.send(new ProducerRecord<>(to.topic(), to.partition(), time, "k", "v"))
      .get().offset();
  }

  private static KafkaConsumer<String, String> consumer() {
    return new KafkaConsumer<>(Map.of(
      "bootstrap.servers", bootstrap,
      "group.id", "readers",
      "auto.offset.reset", "earliest",
      "enable.auto.commit", false,
      "key.deserializer", StringDeserializer.class,
      "value.deserializer", StringDeserializer.class));
  }

  private static Object times(KafkaConsumer<String, String> consumer, long... wanted) {
    StringBuilder found = new StringBuilder();
    for (long time : wanted) {
      OffsetAndTimestamp at = consumer.offsetsForTimes(Map.of(ANY_TIME, time)).get(ANY_TIME);
      found.append(at.offset()).append(" at ").append(at.timestamp()).append(' ');
    }
    return found.toString().trim();
  }

  /** The times of two records from `offset` on, or from where the consumer is sent instead. */
  private static Object read(KafkaConsumer<String, String> consumer, TopicPartition from, long offset) {
    consumer.assign(List.of(from));
    consumer.seek(from, offset);
    StringBuilder times = new StringBuilder();
    int count = 0;
    while (count < 2) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
        times.append(record.timestamp()).append(' ');
        count++;
      }
    }
    return times.toString().trim();
  }
}
