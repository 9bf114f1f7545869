"""confluent-kafka: librdkafka for Python, with the newest librdkafka that there is."""

import sys
import threading
import time

import confluent_kafka
from confluent_kafka import AcknowledgeType, Consumer, ConsumerGroupTopicPartitions, KafkaError
from confluent_kafka import KafkaException, Producer, ShareConsumer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin import NewTopic, OffsetSpec, ResourceType

from lines import assigned, decoded, decoded_headers, encoded, encoded_headers, failed, ready
from lines import saw, serve
import way

MAX_BYTES = 16_000_000
base = {
    "bootstrap.servers": sys.argv[1],
    "allow.auto.create.topics": False,
    **way.properties(),
}
admin = AdminClient(base)
members = {}


def finish(futures):
    return [future.result(30) for future in futures.values()]


def create_topic(c):
    topic = NewTopic(c["topic"], num_partitions=c["partitions"], config=c["configs"])
    finish(admin.create_topics([topic]))


def delete_topic(c):
    finish(admin.delete_topics([c["topic"]]))


def list_topics(c):
    return list(admin.list_topics(timeout=30).topics)


def describe_topic(c):
    return len(admin.list_topics(c["topic"], timeout=30).topics[c["topic"]].partitions)


def topic_configs(c):
    resource = ConfigResource(ResourceType.TOPIC, c["topic"])
    [entries] = finish(admin.describe_configs([resource]))
    return {name: entry.value for name, entry in entries.items()}


def alter_topic_configs(c):
    set_value = AlterConfigOpType.SET
    entries = [
        ConfigEntry(name, value, incremental_operation=set_value)
        for name, value in c["configs"].items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, c["topic"], incremental_configs=entries)
    finish(admin.incremental_alter_configs([resource]))


def produce(c):
    errors = []
    config = {
        "compression.type": c["codec"],
        "enable.idempotence": c["idempotent"],
        "message.max.bytes": MAX_BYTES,
        "linger.ms": 5,
        # Otherwise it hopes for a topic that is not there for half a minute.
        "topic.metadata.propagation.max.ms": 2000,
    }
    producer = Producer({**base, **config})
    for record in c["records"]:
        where = {}
        if "partition" in record:
            where["partition"] = record["partition"]
        if "timestamp" in record:
            where["timestamp"] = record["timestamp"]
        if record["headers"]:
            where["headers"] = encoded_headers(record)
        producer.produce(
            c["topic"],
            key=encoded(record["key"]),
            value=encoded(record["value"]),
            on_delivery=lambda error, _: errors.append(error) if error else None,
            **where,
        )
    if producer.flush(30) > 0:
        raise TimeoutError("not all records were acknowledged")
    if errors:
        raise KafkaException(errors[0])


def transactional(c):
    producer = Producer({**base, "transactional.id": c["transactionalId"]})
    producer.init_transactions(30)
    return producer


def send_within(producer, topic, records):
    producer.begin_transaction()
    for record in records:
        producer.produce(topic, key=encoded(record["key"]), value=encoded(record["value"]))
    producer.flush(30)


def send_place(producer, place):
    consumer = Consumer({**base, "group.id": place["group"]})
    offsets = [TopicPartition(place["topic"], 0, place["offset"])]
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
    consumer.close()


def transact(c):
    producer = transactional(c)
    for part in c["parts"]:
        send_within(producer, part["topic"], part["records"])
        if "place" in part:
            send_place(producer, part["place"])
        if part["end"] == "commit":
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)


def fence(c):
    first = transactional(c)
    send_within(first, c["topic"], c["first"])
    second = transactional(c)
    send_within(second, c["topic"], c["second"])
    second.commit_transaction(30)
    try:
        first.commit_transaction(30)
    except KafkaException as error:
        return str(error)


def read(c):
    committed_only = c.get("committed", False)
    config = {
        "isolation.level": "read_committed" if committed_only else "read_uncommitted",
        "group.id": "outside-of-groups",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "fetch.message.max.bytes": MAX_BYTES,
        "check.crcs": True,
    }
    consumer = Consumer({**base, **config})
    consumer.assign([TopicPartition(c["topic"], at, offset) for at, offset in c["from"]])
    records = []
    try:
        while len(records) < c["count"]:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"{len(records)} of {c['count']} records came")
            if message.error():
                raise KafkaException(message.error())
            records.append({
                "partition": message.partition(),
                "offset": message.offset(),
                "timestamp": message.timestamp()[1],
                "key": decoded(message.key()),
                "value": decoded(message.value()),
                "headers": decoded_headers(message.headers()),
            })
        return records
    finally:
        consumer.close()


def offsets(c):
    special = {-1: OffsetSpec.latest(), -2: OffsetSpec.earliest()}
    spec = special.get(c["timestamp"]) or OffsetSpec.for_timestamp(c["timestamp"])
    asked = {TopicPartition(c["topic"], at): spec for at in range(c["partitions"])}
    return [result.offset for result in finish(admin.list_offsets(asked))]


def commit(c):
    place = TopicPartition(c["topic"], c["partition"], c["offset"], metadata=c["metadata"])
    consumer = Consumer({**base, "group.id": c["group"]})
    try:
        [done] = consumer.commit(offsets=[place], asynchronous=False)
        if done.error:
            raise KafkaException(done.error)
    finally:
        consumer.close()


def committed(c):
    asked = [TopicPartition(c["topic"], at) for at in range(c["partitions"])]
    groups = [ConsumerGroupTopicPartitions(c["group"], asked)]
    [answer] = finish(admin.list_consumer_group_offsets(groups))
    return [
        {"offset": max(-1, each.offset), "metadata": each.metadata or ""}
        for each in sorted(answer.topic_partitions, key=lambda each: each.partition)
    ]


def list_groups(c):
    return [group.group_id for group in admin.list_consumer_groups().result(30).valid]


def describe_group(c):
    [group] = finish(admin.describe_consumer_groups([c["group"]]))
    return {"state": group.state.name.title(), "memberCount": len(group.members)}


def delete_group(c):
    finish(admin.delete_consumer_groups([c["group"]]))


def work_off(c):
    config = {**base, "group.id": c["group"], "share.acknowledgement.mode": "explicit"}
    # It refuses to be told.
    del config["allow.auto.create.topics"]
    handed = []
    until = time.monotonic() + 50
    with ShareConsumer(config) as consumer:
        consumer.subscribe([c["topic"]])
        while len(handed) < c["count"]:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(handed)} of {c['count']} records came")
            for message in consumer.poll(0.5):
                if message.error():
                    raise KafkaException(message.error())
                value, count = decoded(message.value()), message.delivery_count()
                handed.append({"value": value, "deliveryCount": count})
                if value in c["release"] and count == 1:
                    consumer.acknowledge(message, AcknowledgeType.RELEASE)
                elif value in c["reject"]:
                    consumer.acknowledge(message, AcknowledgeType.REJECT)
                else:
                    consumer.acknowledge(message, AcknowledgeType.ACCEPT)
            for error in consumer.commit_sync(30).values():
                if error:
                    raise error
    return handed


def numbers(places):
    return [at.partition for at in places]


class Member(threading.Thread):
    def __init__(self, c):
        super().__init__()
        self.name, self.topic = c["member"], c["topic"]
        self.leaving = threading.Event()
        self.held = set()
        config = {
            "group.id": c["group"],
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
        }
        if c.get("protocol") == "consumer":
            config["group.protocol"] = "consumer"
        else:
            config["session.timeout.ms"] = c["sessionTimeoutMs"]
            config["heartbeat.interval.ms"] = 200
            config["partition.assignment.strategy"] = "range"
        if c.get("instanceId"):
            config["group.instance.id"] = c["instanceId"]
        self.consumer = Consumer({**base, **config})
        self.start()

    def hold(self, partitions):
        self.held = partitions
        assigned(self.name, sorted(partitions))

    def run(self):
        self.consumer.subscribe(
            [self.topic],
            on_assign=lambda _, places: self.hold(self.held.union(numbers(places))),
            on_revoke=lambda _, places: self.hold(self.held.difference(numbers(places))),
        )
        while not self.leaving.is_set():
            message = self.consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                if message.error().code() != KafkaError._PARTITION_EOF:
                    failed(self.name, KafkaException(message.error()))
            else:
                saw(self.name, message.value())
        self.consumer.close()


def join(c):
    members[c["member"]] = Member(c)


def leave(c):
    member = members.pop(c["member"])
    member.leaving.set()
    member.join()


ready(f"{confluent_kafka.__version__} (librdkafka {confluent_kafka.libversion()[0]})")
serve({
    "createTopic": create_topic,
    "deleteTopic": delete_topic,
    "listTopics": list_topics,
    "describeTopic": describe_topic,
    "topicConfigs": topic_configs,
    "alterTopicConfigs": alter_topic_configs,
    "produce": produce,
    "transact": transact,
    "fence": fence,
    "read": read,
    "offsets": offsets,
    "commit": commit,
    "committed": committed,
    "listGroups": list_groups,
    "describeGroup": describe_group,
    "deleteGroup": delete_group,
    "workOff": work_off,
    "join": join,
    "leave": leave,
})
