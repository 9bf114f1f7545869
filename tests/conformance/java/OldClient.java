// The producer and consumer of Kafka 0.9 and 0.10, whose records travel in message sets. One run
// does what its arguments say, in their order, and prints a line for each record:
//
//   java -cp 'jars/*' OldClient.java BOOTSTRAP produce:TOPIC:CODEC:COUNT consume:TOPIC:COUNT ...
//
//   produced TOPIC OFFSET          consumed TOPIC OFFSET KEY VALUE

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

public class OldClient {
  static final long WAIT_MS = 20_000;

  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) {
      String[] words = args[i].split(":");
      if (words[0].equals("produce")) produce(args[0], words[1], words[2], Integer.parseInt(words[3]));
      else consume(args[0], words[1], Integer.parseInt(words[2]));
    }
  }

  static Properties properties(String bootstrap) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    for (String side : new String[] {"key", "value"}) {
      String serialization = "org.apache.kafka.common.serialization.String";
      properties.put(side + ".serializer", serialization + "Serializer");
      properties.put(side + ".deserializer", serialization + "Deserializer");
    }
    return properties;
  }

  static void produce(String bootstrap, String topic, String codec, int count) throws Exception {
    Properties properties = properties(bootstrap);
    properties.put("compression.type", codec);
    properties.put("acks", "all");
    properties.put("linger.ms", "50");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        sent.add(producer.send(new ProducerRecord<>(topic, 0, "key-" + i, "value-" + i)));
      }
      for (Future<RecordMetadata> each : sent) {
        System.out.println("produced " + topic + " " + each.get().offset());
      }
    }
  }

  static void consume(String bootstrap, String topic, int count) {
    Properties properties = properties(bootstrap);
    properties.put("group.id", "old-client");
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    long deadline = System.currentTimeMillis() + WAIT_MS;
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties)) {
      consumer.assign(Collections.singletonList(new TopicPartition(topic, 0)));
      for (int seen = 0; seen < count && System.currentTimeMillis() < deadline;) {
        for (ConsumerRecord<String, String> each : consumer.poll(500)) {
          String record = each.offset() + " " + each.key() + " " + each.value();
          System.out.println("consumed " + topic + " " + record);
          seen++;
        }
      }
    }
  }
}
