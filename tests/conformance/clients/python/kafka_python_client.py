"""kafka-python: a client in plain Python, of the line that has the protocol of Kafka 4."""

import sys
import threading

import kafka
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.structs import OffsetAndMetadata

from lines import assigned, decoded, decoded_headers, encoded, encoded_headers, failed, ready
from lines import saw, serve
import way

MAX_BYTES = 16_000_000


class Token(AbstractTokenProvider):
    def token(self):
        return way.log_in["token"]


base = {"bootstrap_servers": sys.argv[1], **way.options(Token)}
admin = KafkaAdminClient(**base)
members = {}


def of_era(command):
    """Told a release it does not ask for versions, and speaks those of then."""
    if command.get("era") is None:
        return {}
    return {"api_version": tuple(int(part) for part in command["era"].split("."))}


def create_topic(c):
    topic = {"num_partitions": c["partitions"], "replication_factor": -1, "configs": c["configs"]}
    admin.create_topics({c["topic"]: topic})


def delete_topic(c):
    admin.delete_topics([c["topic"]])


def list_topics(c):
    return list(admin.list_topics())


def describe_topic(c):
    [topic] = admin.describe_topics([c["topic"]])
    return len(topic["partitions"])


def topic_configs(c):
    resource = ConfigResource(ConfigResourceType.TOPIC, c["topic"])
    described = admin.describe_configs([resource], config_filter="all")
    [by_name] = described.values()
    return {key: entry["value"] for key, entry in by_name[c["topic"]].items()}


def alter_topic_configs(c):
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, c["topic"], c["configs"])])


def produce(c):
    codec = None if c["codec"] == "none" else c["codec"]
    config = {
        "compression_type": codec,
        "enable_idempotence": c["idempotent"],
        "max_request_size": MAX_BYTES,
        "allow_auto_create_topics": False,
        "max_block_ms": 20000,
        "linger_ms": 5,
    }
    producer = KafkaProducer(**base, **config, **of_era(c))
    try:
        sent = [
            producer.send(
                c["topic"],
                key=encoded(record["key"]),
                value=encoded(record["value"]),
                headers=encoded_headers(record) or None,
                partition=record.get("partition"),
                timestamp_ms=record.get("timestamp"),
            )
            for record in c["records"]
        ]
        for future in sent:
            future.get(30)
    finally:
        producer.close(timeout=10)


def transactional(c):
    producer = KafkaProducer(**base, transactional_id=c["transactionalId"])
    producer.init_transactions()
    return producer


def send_within(producer, topic, records):
    producer.begin_transaction()
    sent = [
        producer.send(topic, key=encoded(record["key"]), value=encoded(record["value"]))
        for record in records
    ]
    for future in sent:
        future.get(30)


def transact(c):
    producer = transactional(c)
    try:
        for part in c["parts"]:
            send_within(producer, part["topic"], part["records"])
            if "place" in part:
                place = part["place"]
                offsets = {TopicPartition(place["topic"], 0): OffsetAndMetadata(place["offset"], "", -1)}
                producer.send_offsets_to_transaction(offsets, place["group"])
            if part["end"] == "commit":
                producer.commit_transaction()
            else:
                producer.abort_transaction()
    finally:
        producer.close(timeout=10)


def fence(c):
    first = transactional(c)
    send_within(first, c["topic"], c["first"])
    second = transactional(c)
    send_within(second, c["topic"], c["second"])
    second.commit_transaction()
    second.close(timeout=10)
    try:
        first.commit_transaction()
    except KafkaError as error:
        return repr(error)
    finally:
        first.close(timeout=1)


def read(c):
    committed_only = c.get("committed", False)
    config = {
        "isolation_level": "read_committed" if committed_only else "read_uncommitted",
        "auto_offset_reset": "none",
        "max_partition_fetch_bytes": MAX_BYTES,
        "consumer_timeout_ms": 30_000,
        "check_crcs": True,
    }
    consumer = KafkaConsumer(**base, **config, **of_era(c))
    try:
        consumer.assign([TopicPartition(c["topic"], at) for at, _ in c["from"]])
        for at, offset in c["from"]:
            consumer.seek(TopicPartition(c["topic"], at), offset)
        records = []
        for message in consumer:
            records.append({
                "partition": message.partition,
                "offset": message.offset,
                "timestamp": message.timestamp,
                "key": decoded(message.key),
                "value": decoded(message.value),
                "headers": decoded_headers(message.headers),
            })
            if len(records) == c["count"]:
                return records
        raise TimeoutError(f"{len(records)} of {c['count']} records came")
    finally:
        consumer.close(autocommit=False)


def offsets(c):
    special = {-1: OffsetSpec.LATEST, -2: OffsetSpec.EARLIEST}
    spec = special.get(c["timestamp"], c["timestamp"])
    places = [TopicPartition(c["topic"], at) for at in range(c["partitions"])]
    found = admin.list_partition_offsets({place: spec for place in places})
    return [-1 if found[place] is None else found[place].offset for place in places]


def commit(c):
    consumer = KafkaConsumer(**base, group_id=c["group"], enable_auto_commit=False)
    place = TopicPartition(c["topic"], c["partition"])
    try:
        consumer.commit({place: OffsetAndMetadata(c["offset"], c["metadata"], -1)})
    finally:
        consumer.close(autocommit=False)


def committed(c):
    places = [TopicPartition(c["topic"], at) for at in range(c["partitions"])]
    found = admin.list_group_offsets({c["group"]: places})[c["group"]]
    return [{"offset": found[at].offset, "metadata": found[at].metadata} for at in places]


def list_groups(c):
    return [group["group_id"] for group in admin.list_groups()]


def describe_group(c):
    group = admin.describe_groups([c["group"]])[c["group"]]
    return {"state": group["group_state"], "memberCount": len(group["members"])}


def delete_group(c):
    admin.delete_groups([c["group"]])


class Member(threading.Thread, ConsumerRebalanceListener):
    def __init__(self, c):
        super().__init__()
        self.name, self.topic = c["member"], c["topic"]
        self.leaving = threading.Event()
        self.consumer = KafkaConsumer(
            **base,
            group_id=c["group"],
            group_instance_id=c.get("instanceId"),
            auto_offset_reset="earliest",
            session_timeout_ms=c["sessionTimeoutMs"],
            heartbeat_interval_ms=200,
            fetch_max_wait_ms=100,
        )
        self.start()

    def on_partitions_assigned(self, places):
        assigned(self.name, [place.partition for place in places])

    def on_partitions_revoked(self, places):
        assigned(self.name, [])

    def run(self):
        try:
            self.consumer.subscribe([self.topic], listener=self)
            while not self.leaving.is_set():
                # A shorter poll may end within a rebalance, after which this release of the client
                # is now and then never told what it holds, with Apache Kafka as well.
                for records in self.consumer.poll(timeout_ms=1000).values():
                    for record in records:
                        saw(self.name, record.value)
            self.consumer.close()
        except Exception as error:
            failed(self.name, error)


def join(c):
    members[c["member"]] = Member(c)


def leave(c):
    member = members.pop(c["member"])
    member.leaving.set()
    member.join()


ready(kafka.__version__)
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
    "join": join,
    "leave": leave,
})
