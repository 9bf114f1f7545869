// Kafka's own share consumers.
//
//   java -cp "jars/*" ShareConsumers.java <bootstrap> scenes
//   java -cp "jars/*" ShareConsumers.java <bootstrap> crowd <topic> <consumers> <seed>
//
// "scenes" tells, a line each, what consumers got: implicit acknowledgement, explicit ones of each
// kind, a renewed lock, and transactions. "crowd" is some consumers that accept most records, and
// release or reject the others at random, until somebody stops the program or closes its input:
//
//   d <offset> <count>    a record was delivered, for the count-th time as the broker says
//   s <offset> <type>     somebody says this of it (a accept, r release, j reject)
//   k <offset> <type> <count>    the broker has confirmed that of this delivery

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class ShareConsumers {
  private static String bootstrap;
  private static Admin admin;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    try (Admin made = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin = made;
      if (args[1].equals("scenes")) scenes();
      else crowd(args[2], Integer.parseInt(args[3]), Long.parseLong(args[4]));
    }
  }

  private static void scenes() throws Exception {
    implicit();
    explicit();
    renewed();
    transactions();
  }

  /** What was polled is accepted with the next poll. */
  private static void implicit() throws Exception {
    begin("implicit", Map.of());
    try (var producer = producer(null)) {
      send(producer, "implicit", "a", "b", "c");
    }
    try (var first = consumer("implicit", "implicit")) {
      System.out.println("implicit: " + texts(poll(first, 3)));
      first.poll(Duration.ofMillis(500));
    }
    try (var second = consumer("implicit", "implicit"); var producer = producer(null)) {
      send(producer, "implicit", "d");
      System.out.println("implicit, then: " + texts(poll(second, 1)));
    }
  }

  private static void explicit() throws Exception {
    begin("explicit", Map.of("share.delivery.count.limit", "3"));
    try (var producer = producer(null)) {
      send(producer, "explicit", "accepted", "released", "rejected");
    }
    try (var consumer = consumer("explicit", "explicit")) {
      List<String> told = new ArrayList<>();
      for (int round = 0; round < 3; round++) {
        for (ConsumerRecord<String, String> record : poll(consumer, round == 0 ? 3 : 1)) {
          told.add(text(record));
          consumer.acknowledge(record, switch (record.value()) {
            case "accepted" -> AcknowledgeType.ACCEPT;
            case "released" -> AcknowledgeType.RELEASE;
            default -> AcknowledgeType.REJECT;
          });
        }
        for (Optional<KafkaException> failed : consumer.commitSync().values()) {
          failed.ifPresent(failure -> told.add("failed: " + failure));
        }
      }
      System.out.println("explicit: " + told);
      System.out.println("explicit, then: " + texts(consumer.poll(Duration.ofMillis(1000))));
    }
  }

  /** A lock that runs out, and one that is renewed for longer than it lasts. */
  private static void renewed() throws Exception {
    begin("renewed", Map.of("share.record.lock.duration.ms", "2000"));
    try (var producer = producer(null); var holder = consumer("renewed", "renewed")) {
      send(producer, "renewed", "kept");
      ConsumerRecord<String, String> kept = poll(holder, 1).get(0);
      List<String> elsewhere = new ArrayList<>();
      List<String> again = new ArrayList<>();
      boolean isAccepted;
      try (var other = consumer("renewed", "renewed")) {
        long endMs = System.currentTimeMillis() + 5000;
        while (System.currentTimeMillis() < endMs) {
          holder.acknowledge(kept, AcknowledgeType.RENEW);
          holder.commitSync();
          elsewhere.addAll(texts(other.poll(Duration.ofMillis(300))));
          kept = poll(holder, 1).get(0);
          if (!again.contains(text(kept))) again.add(text(kept));
        }
        holder.acknowledge(kept, AcknowledgeType.ACCEPT);
        isAccepted = holder.commitSync().values().stream().allMatch(Optional::isEmpty);
      }
      System.out.println(
        "renewed: " + again + ", elsewhere: " + elsewhere + ", accepted: " + isAccepted);
      send(producer, "renewed", "lost");
      List<String> held = texts(poll(holder, 1));
      try (var other = consumer("renewed", "renewed")) {
        List<ConsumerRecord<String, String>> found = poll(other, 1);
        System.out.println("lost: " + held + ", then: " + texts(found));
        for (var record : found) other.acknowledge(record, AcknowledgeType.ACCEPT);
        other.commitSync();
      }
    }
  }

  private static void transactions() throws Exception {
    begin("committed", Map.of("share.isolation.level", "read_committed"));
    begin("uncommitted", Map.of());
    for (String topic : List.of("committed", "uncommitted")) {
      try (var producer = producer("producer of " + topic)) {
        producer.initTransactions();
        for (int i = 0; i < 4; i++) {
          producer.beginTransaction();
          send(producer, topic, "record " + i);
          if (i % 2 == 0) producer.commitTransaction();
          else producer.abortTransaction();
        }
      }
      try (var consumer = consumer(topic, topic)) {
        int count = topic.equals("committed") ? 2 : 4;
        List<ConsumerRecord<String, String>> records = poll(consumer, count);
        for (ConsumerRecord<String, String> record : records) {
          consumer.acknowledge(record, AcknowledgeType.ACCEPT);
        }
        boolean isAccepted = consumer.commitSync().values().stream().allMatch(Optional::isEmpty);
        System.out.println(topic + ": " + texts(records) + ", accepted: " + isAccepted);
      }
    }
  }

  /** A topic, and a group of the same name that begins with its first record. */
  private static void begin(String name, Map<String, String> configs) throws Exception {
    admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
    Map<String, String> all = new HashMap<>(configs);
    all.put("share.auto.offset.reset", "earliest");
    Collection<AlterConfigOp> ops = all.entrySet().stream()
      .map(entry -> new AlterConfigOp(
        new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET))
      .toList();
    ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, name);
    admin.incrementalAlterConfigs(Map.of(group, ops)).all().get();
  }

  private static KafkaProducer<String, String> producer(String transactionalId) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    if (transactionalId != null) properties.put("transactional.id", transactionalId);
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private static void send(KafkaProducer<String, String> producer, String topic, String... values)
      throws Exception {
    for (String value : values) producer.send(new ProducerRecord<>(topic, value)).get();
  }

  private static KafkaShareConsumer<String, String> consumer(String group, String topic) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("group.id", group);
    properties.put("max.poll.records", "200");
    if (!group.equals("implicit")) properties.put("share.acknowledgement.mode", "explicit");
    var consumer =
      new KafkaShareConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    consumer.subscribe(Set.of(topic));
    return consumer;
  }

  private static List<ConsumerRecord<String, String>> poll(
      KafkaShareConsumer<String, String> consumer, int count) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    long endMs = System.currentTimeMillis() + 60_000;
    while (records.size() < count && System.currentTimeMillis() < endMs) {
      consumer.poll(Duration.ofMillis(500)).forEach(records::add);
    }
    return records;
  }

  private static List<String> texts(Iterable<ConsumerRecord<String, String>> records) {
    List<String> texts = new ArrayList<>();
    records.forEach(record -> texts.add(text(record)));
    return texts;
  }

  private static String text(ConsumerRecord<String, String> record) {
    return record.value() + " x" + record.deliveryCount().orElse((short) 0);
  }

  private static void crowd(String topic, int consumers, long seed) throws Exception {
    AtomicBoolean isOver = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < consumers; i++) {
      Random random = new Random(seed * 1000 + i);
      Thread thread = new Thread(() -> member(topic, random, isOver));
      thread.start();
      threads.add(thread);
    }
    while (System.in.read() >= 0) continue;
    isOver.set(true);
    for (Thread thread : threads) thread.join();
  }

  private static void member(String topic, Random random, AtomicBoolean isOver) {
    try (var consumer = consumer("crowd", topic)) {
      while (!isOver.get()) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(500));
        if (records.isEmpty()) continue;
        StringBuilder told = new StringBuilder();
        Map<Long, String> said = new TreeMap<>();
        for (ConsumerRecord<String, String> record : records) {
          int chance = random.nextInt(100);
          AcknowledgeType type = chance < 85 ? AcknowledgeType.ACCEPT
            : chance < 97 ? AcknowledgeType.RELEASE : AcknowledgeType.REJECT;
          String letter = type == AcknowledgeType.ACCEPT ? "a"
            : type == AcknowledgeType.RELEASE ? "r" : "j";
          said.put(record.offset(), letter + " " + record.deliveryCount().orElse((short) 0));
          told.append("d ").append(record.offset()).append(' ')
            .append(record.deliveryCount().orElse((short) 0)).append('\n');
          told.append("s ").append(record.offset()).append(' ').append(letter).append('\n');
          consumer.acknowledge(record, type);
        }
        tell(told);
        Map<TopicIdPartition, Optional<KafkaException>> committed =
          consumer.commitSync(Duration.ofSeconds(60));
        boolean isKept = !committed.isEmpty() &&
          committed.values().stream().allMatch(Optional::isEmpty);
        StringBuilder kept = new StringBuilder();
        if (isKept) said.forEach((offset, letter) ->
          kept.append("k ").append(offset).append(' ').append(letter).append('\n'));
        else kept.append("f ").append(committed.values()).append('\n');
        tell(kept);
      }
    } catch (Exception failure) {
      tell(new StringBuilder("f " + failure + "\n"));
    }
  }

  private static synchronized void tell(StringBuilder lines) {
    System.out.print(lines);
    System.out.flush();
  }
}
