// Kafka's own producers and consumers in a loop that consumes, copies and commits its offsets in the
// same transaction; some transactions are aborted on purpose. Then what arrived is counted, a second
// producer takes the id over, and the first one is fenced. A transaction is left open at the end.
//
//   java -cp "jars/*" Transactions.java <bootstrap> <records> <group.protocol>
//
// "copied <n>" is told after each commit, so that somebody can stop the broker in between.

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Transactions {
  private static String bootstrap;
  private static String protocol;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    int count = Integer.parseInt(args[1]);
    protocol = args[2];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      List<NewTopic> topics = List.of(
        new NewTopic("source", 3, (short) 1), new NewTopic("target", 3, (short) 1));
      admin.createTopics(topics).all().get();
      feed(count);
      KafkaProducer<String, String> first = copy(count);
      long sum = 0;
      int read = 0;
      Set<String> keys = new java.util.HashSet<>();
      try (KafkaConsumer<String, String> consumer = consumer("counting")) {
        consumer.subscribe(List.of("target"));
        int empty = 0;
        while (read < count || empty < 3) {
          ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(300));
          empty = records.isEmpty() ? empty + 1 : 0;
          if (empty > 60) break;
          for (ConsumerRecord<String, String> record : records) {
            read++;
            keys.add(record.key());
            sum += Long.parseLong(record.value());
          }
        }
      }
      System.out.println("arrived: " + read + " once: " + keys.size() + " sum: " + sum);
      KafkaProducer<String, String> second = producer("copier");
      second.initTransactions();
      try {
        first.beginTransaction();
        first.send(new ProducerRecord<>("target", "late", "1")).get();
        System.out.println("the first one writes on");
      } catch (Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        System.out.println("fenced: " + cause.getClass().getSimpleName());
      }
      first.close(Duration.ZERO);
      second.beginTransaction();
      second.send(new ProducerRecord<>("target", "open", "1")).get();
      System.out.println("states: " + admin.describeTransactions(List.of("copier")).all().get()
        .values().stream().map(each -> each.state().toString()).toList());
      second.close(Duration.ZERO);
    }
  }

  private static void feed(int count) {
    try (KafkaProducer<String, String> producer = producer("feeder")) {
      producer.initTransactions();
      producer.beginTransaction();
      for (int i = 0; i < count; i++) {
        producer.send(new ProducerRecord<>("source", "key-" + i, String.valueOf(i)));
      }
      producer.commitTransaction();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("source", "aborted", "1000000000"));
      producer.flush();
      producer.abortTransaction();
    }
  }

  private static KafkaProducer<String, String> copy(int count) {
    Random random = new Random(7);
    KafkaProducer<String, String> producer = producer("copier");
    producer.initTransactions();
    try (KafkaConsumer<String, String> consumer = consumer("copying")) {
      consumer.subscribe(List.of("source"));
      int copied = 0;
      while (copied < count) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) continue;
        try {
          if (copyOnce(producer, consumer, records, random.nextInt(4) == 0)) {
            copied += records.count();
            System.out.println("copied " + copied);
            System.out.flush();
          }
        } catch (KafkaException e) {
          // The broker went away in between: whether it committed is what the group's offsets say.
          producer.close(Duration.ZERO);
          producer = producer("copier");
          producer.initTransactions();
          rewind(consumer);
          copied = committed(consumer);
        }
      }
    }
    return producer;
  }

  private static boolean copyOnce(
      KafkaProducer<String, String> producer,
      KafkaConsumer<String, String> consumer,
      ConsumerRecords<String, String> records,
      boolean aborts) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    producer.beginTransaction();
    for (ConsumerRecord<String, String> record : records) {
      producer.send(new ProducerRecord<>("target", record.key(), record.value()));
      TopicPartition at = new TopicPartition(record.topic(), record.partition());
      offsets.put(at, new OffsetAndMetadata(record.offset() + 1));
    }
    producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
    if (!aborts) {
      producer.commitTransaction();
      return true;
    }
    producer.abortTransaction();
    rewind(consumer);
    return false;
  }

  /** Back to what the group has committed. */
  private static void rewind(KafkaConsumer<String, String> consumer) {
    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
    for (TopicPartition at : consumer.assignment()) {
      OffsetAndMetadata offset = committed.get(at);
      if (offset == null) consumer.seekToBeginning(List.of(at));
      else consumer.seek(at, offset.offset());
    }
  }

  /** How many records are committed: none of the source was deleted, and the marker is no record. */
  private static int committed(KafkaConsumer<String, String> consumer) {
    int sum = 0;
    for (OffsetAndMetadata offset : consumer.committed(consumer.assignment()).values()) {
      if (offset != null) sum += (int) offset.offset();
    }
    return sum;
  }

  private static KafkaProducer<String, String> producer(String transactionalId) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("transactional.id", transactionalId);
    // A busy machine takes its time, and what is left open is looked at afterwards.
    settings.put("transaction.timeout.ms", "900000");
    settings.put("max.block.ms", "600000");
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", StringSerializer.class.getName());
    return new KafkaProducer<>(settings);
  }

  private static KafkaConsumer<String, String> consumer(String group) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("group.id", group);
    settings.put("group.protocol", protocol);
    settings.put("default.api.timeout.ms", "600000");
    settings.put("isolation.level", "read_committed");
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.put("max.poll.records", "200");
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", StringDeserializer.class.getName());
    return new KafkaConsumer<>(settings);
  }
}
