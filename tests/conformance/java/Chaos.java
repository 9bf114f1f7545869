// Producers and members of a group for a cluster to which something happens: each goes on, in a new
// life, where its client gives up, and says what it was told.
//
//   java -cp "jars/*" Chaos.java <bootstrap> <records a second> <role>...
//
//   sender:NAME           sends LIFE:SEQ to the partitions of `sales`, idempotent
//   teller:NAME           sends LIFE#N:I/K in transactions, and has group NAME at offset N
//   member:NAME:GROUP     reads `sales` as a member of a group, by the consumer protocol
//
// Told, a line each (tests/chaos/ledger.ts reads them):
//   acked LIFE PLACE FROM TO OFFSET    ended LIFE N OUTCOME     told NAME what a client has thrown
//   moved GROUP MEMBER PLACE           polled GROUP MEMBER PLACE FROM TO
//   committed GROUP PLACE OFFSET       quiet: producers have ended
//
// A line of input ends the producers, the end of input the members.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Chaos {
  private static final int PARTITIONS = 6;
  private static final int RECORDS = 24;
  private static final List<TopicPartition> LEDGERS = List.of(
    new TopicPartition("withdrawals", 0), new TopicPartition("withdrawals", 1),
    new TopicPartition("deposits", 0), new TopicPartition("deposits", 1));

  private static String bootstrap;
  private static double rate;
  private static volatile boolean producersEnd;
  private static volatile boolean membersEnd;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    rate = Double.parseDouble(args[1]);
    List<Thread> producers = new ArrayList<>();
    List<Thread> members = new ArrayList<>();
    for (int i = 2; i < args.length; i++) {
      String[] role = args[i].split(":");
      boolean isMember = role[0].equals("member");
      Thread thread = new Thread(() -> live(role), args[i]);
      (isMember ? members : producers).add(thread);
      thread.start();
    }
    System.in.read();
    producersEnd = true;
    for (Thread each : producers) each.join();
    say("quiet");
    while (System.in.read() >= 0) continue;
    membersEnd = true;
    for (Thread each : members) each.join();
    System.exit(0);
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /** One life after the other. */
  private static void live(String[] role) {
    int[] count = {0};
    for (int life = 1; !(role[0].equals("member") ? membersEnd : producersEnd); life++) {
      String who = role[1] + "." + life;
      try {
        switch (role[0]) {
          case "sender" -> send(who);
          case "teller" -> transact(role[1], who, count);
          default -> read(role[2], who);
        }
      } catch (Exception e) {
        say("told " + who + " " + String.valueOf(e).replace('\n', ' '));
        pause(500);
      }
    }
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What was acknowledged in one partition and is not told yet. */
  private static final class Run {
    private final String words;
    private long from;
    private long to = -1;
    private long offset;

    Run(String words) {
      this.words = words;
    }

    synchronized void add(long sequence, long at) {
      if (to >= 0 && sequence != to + 1) tell();
      if (to < 0) from = sequence;
      to = sequence;
      offset = at;
    }

    synchronized void tell() {
      if (to >= 0) say("acked " + words + " " + from + " " + to + " " + offset);
      to = -1;
    }
  }

  private static void send(String who) {
    AtomicReference<Exception> failure = new AtomicReference<>();
    Run[] runs = new Run[PARTITIONS];
    long[] next = new long[PARTITIONS];
    for (int p = 0; p < PARTITIONS; p++) runs[p] = new Run(who + " sales-" + p);
    Properties settings = producerSettings();
    settings.put("linger.ms", "100");
    KafkaProducer<String, String> producer = new KafkaProducer<>(settings);
    try {
      long start = System.nanoTime();
      long sent = 0;
      long told = start;
      while (!producersEnd && failure.get() == null) {
        long due = (long) ((System.nanoTime() - start) / 1e9 * rate);
        for (; sent < due && failure.get() == null && !producersEnd; sent++) {
          int p = (int) (sent % PARTITIONS);
          long sequence = next[p]++;
          producer.send(new ProducerRecord<>("sales", p, null, who + ":" + sequence), (at, e) -> {
            if (e == null) runs[p].add(sequence, at.offset());
            else failure.compareAndSet(null, e);
          });
        }
        if (System.nanoTime() - told > 1_000_000_000L) {
          for (Run run : runs) run.tell();
          told = System.nanoTime();
        }
        pause(20);
      }
    } finally {
      producer.close(Duration.ofMinutes(10));
      for (Run run : runs) run.tell();
    }
    if (failure.get() != null) throw new IllegalStateException(failure.get());
  }

  private static void transact(String name, String who, int[] count) {
    Properties settings = producerSettings();
    settings.put("transactional.id", name);
    settings.put("transaction.timeout.ms", "15000");
    Random random = new Random(who.hashCode());
    KafkaProducer<String, String> producer = new KafkaProducer<>(settings);
    String outcome = null;
    ConsumerGroupMetadata group;
    try (KafkaConsumer<String, String> outside = new KafkaConsumer<>(consumerSettings(name))) {
      group = outside.groupMetadata();
    }
    try {
      producer.initTransactions();
      while (!producersEnd) {
        long start = System.nanoTime();
        int number = count[0]++;
        outcome = "aborted";
        producer.beginTransaction();
        for (int i = 0; i < RECORDS; i++) {
          TopicPartition at = LEDGERS.get(i % LEDGERS.size());
          String value = who + "#" + number + ":" + i + "/" + RECORDS;
          producer.send(new ProducerRecord<>(at.topic(), at.partition(), null, value));
        }
        producer.sendOffsetsToTransaction(
          Map.of(LEDGERS.get(0), new OffsetAndMetadata(number)), group);
        if (random.nextInt(5) == 0) {
          producer.abortTransaction();
        } else {
          outcome = "unknown";
          producer.commitTransaction();
          outcome = "committed";
        }
        say("ended " + who + " " + number + " " + outcome);
        outcome = null;
        pause(Math.max(1, (long) (1000 * RECORDS / rate) - (System.nanoTime() - start) / 1_000_000));
      }
    } finally {
      if (outcome != null) say("ended " + who + " " + (count[0] - 1) + " " + outcome);
      producer.close(Duration.ZERO);
    }
  }

  private static Properties producerSettings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("acks", "all");
    settings.put("linger.ms", "20");
    settings.put("request.timeout.ms", "10000");
    settings.put("delivery.timeout.ms", "300000");
    settings.put("max.block.ms", "120000");
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", StringSerializer.class.getName());
    return settings;
  }

  private static Properties consumerSettings(String group) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("group.id", group);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.put("max.poll.records", "2000");
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", StringDeserializer.class.getName());
    return settings;
  }

  private static void read(String group, String who) {
    Properties settings = consumerSettings(group);
    settings.put("group.protocol", "consumer");
    Random random = new Random(who.hashCode());
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
      consumer.subscribe(List.of("sales"), new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          for (TopicPartition at : partitions) say("moved " + group + " " + who + " " + at);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
      });
      for (int polls = 0; !membersEnd && random.nextInt(400) > 0; polls++) {
        Map<TopicPartition, OffsetAndMetadata> offsets = poll(consumer, group, who);
        if (offsets.isEmpty() || random.nextBoolean()) continue;
        try {
          consumer.commitSync(offsets, Duration.ofSeconds(10));
        } catch (org.apache.kafka.common.KafkaException e) {
          say("told " + who + " " + String.valueOf(e).replace('\n', ' '));
          continue;
        }
        offsets.forEach((at, offset) ->
          say("committed " + group + " " + at + " " + offset.offset()));
      }
    }
  }

  private static Map<TopicPartition, OffsetAndMetadata> poll(
      KafkaConsumer<String, String> consumer, String group, String who) {
    ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(500));
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (TopicPartition at : records.partitions()) {
      long from = -1;
      long to = -1;
      for (ConsumerRecord<String, String> record : records.records(at)) {
        if (from >= 0 && record.offset() != to + 1) {
          say("polled " + group + " " + who + " " + at + " " + from + " " + to);
          from = -1;
        }
        if (from < 0) from = record.offset();
        to = record.offset();
      }
      say("polled " + group + " " + who + " " + at + " " + from + " " + to);
      offsets.put(at, new OffsetAndMetadata(to + 1));
    }
    return offsets;
  }
}
