"""aiokafka: the client for asyncio. Its admin client answers with plain protocol messages."""

import asyncio
import json
import sys

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import ApiVersionResponse_v0, DeleteGroupsRequest
from aiokafka.protocol.api import Request, RequestStruct, ResponseHeader_v0
from aiokafka.protocol.types import Schema, TaggedFields
from aiokafka.structs import OffsetAndMetadata

from lines import assigned, decoded, decoded_headers, describe, encoded, encoded_headers, failed
from lines import ready, saw, tell
import way

MAX_BYTES = 16_000_000


class Token(AbstractTokenProvider):
    async def token(self):
        return way.log_in["token"]


REPLICAS = len(sys.argv[1].split(","))
base = {"bootstrap_servers": sys.argv[1], **way.options(Token)}
members = {}


async def with_admin(use):
    admin = AIOKafkaAdminClient(**base)
    await admin.start()
    try:
        return await use(admin)
    finally:
        await admin.close()


def check(error_code, message=None):
    if error_code != 0:
        raise for_code(error_code)(message)


async def create_topic(c):
    # Its NewTopic refuses to leave the number to the broker.
    topic = NewTopic(c["topic"], c["partitions"], REPLICAS, topic_configs=c["configs"])
    answer = await with_admin(lambda admin: admin.create_topics([topic]))
    for _, error_code, message in answer.topic_errors:
        check(error_code, message)


async def delete_topic(c):
    answer = await with_admin(lambda admin: admin.delete_topics([c["topic"]]))
    for _, error_code in answer.topic_error_codes:
        check(error_code)


async def list_topics(c):
    return list(await with_admin(lambda admin: admin.list_topics()))


async def describe_topic(c):
    [topic] = await with_admin(lambda admin: admin.describe_topics([c["topic"]]))
    return len(topic["partitions"])


async def topic_configs(c):
    resource = ConfigResource(ConfigResourceType.TOPIC, c["topic"])
    [answer] = await with_admin(lambda admin: admin.describe_configs([resource]))
    error_code, message, _, _, entries = answer.resources[0]
    check(error_code, message)
    return {entry[0]: entry[1] for entry in entries}


async def alter_topic_configs(c):
    resource = ConfigResource(ConfigResourceType.TOPIC, c["topic"], c["configs"])
    [answer] = await with_admin(lambda admin: admin.alter_configs([resource]))
    for error_code, message, *_ in answer.resources:
        check(error_code, message)


async def produce(c):
    codec = None if c["codec"] == "none" else c["codec"]
    producer = AIOKafkaProducer(
        **base,
        compression_type=codec,
        enable_idempotence=c["idempotent"],
        max_request_size=MAX_BYTES,
        request_timeout_ms=10_000,
        linger_ms=5,
        acks="all",
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                c["topic"],
                key=encoded(record["key"]),
                value=encoded(record["value"]),
                headers=encoded_headers(record),
                partition=record.get("partition"),
                timestamp_ms=record.get("timestamp"),
            )
            for record in c["records"]
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def transactional(c):
    producer = AIOKafkaProducer(**base, transactional_id=c["transactionalId"])
    await producer.start()
    return producer


async def send_within(producer, topic, records):
    await producer.begin_transaction()
    sent = [
        await producer.send(topic, key=encoded(record["key"]), value=encoded(record["value"]))
        for record in records
    ]
    await asyncio.gather(*sent)


async def transact(c):
    producer = await transactional(c)
    try:
        for part in c["parts"]:
            await send_within(producer, part["topic"], part["records"])
            if "place" in part:
                place = part["place"]
                offsets = {TopicPartition(place["topic"], 0): place["offset"]}
                await producer.send_offsets_to_transaction(offsets, place["group"])
            if part["end"] == "commit":
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
    finally:
        await producer.stop()


async def fence(c):
    first = await transactional(c)
    await send_within(first, c["topic"], c["first"])
    second = await transactional(c)
    await send_within(second, c["topic"], c["second"])
    await second.commit_transaction()
    await second.stop()
    try:
        await first.commit_transaction()
    except KafkaError as error:
        return repr(error)


async def read(c):
    consumer = AIOKafkaConsumer(
        **base,
        auto_offset_reset="none",
        max_partition_fetch_bytes=MAX_BYTES,
        check_crcs=True,
        isolation_level="read_committed" if c.get("committed") else "read_uncommitted",
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(c["topic"], at) for at, _ in c["from"]])
        for at, offset in c["from"]:
            consumer.seek(TopicPartition(c["topic"], at), offset)
        records = []
        while len(records) < c["count"]:
            message = await asyncio.wait_for(consumer.getone(), 30)
            records.append({
                "partition": message.partition,
                "offset": message.offset,
                "timestamp": message.timestamp,
                "key": decoded(message.key),
                "value": decoded(message.value),
                "headers": decoded_headers(message.headers),
            })
        return records
    finally:
        await consumer.stop()


async def offsets(c):
    places = [TopicPartition(c["topic"], at) for at in range(c["partitions"])]
    consumer = AIOKafkaConsumer(**base)
    await consumer.start()
    try:
        if c["timestamp"] == -1:
            found = await consumer.end_offsets(places)
        elif c["timestamp"] == -2:
            found = await consumer.beginning_offsets(places)
        else:
            dated = await consumer.offsets_for_times({at: c["timestamp"] for at in places})
            found = {at: -1 if dated[at] is None else dated[at].offset for at in places}
        return [found[at] for at in places]
    finally:
        await consumer.stop()


async def commit(c):
    place = TopicPartition(c["topic"], c["partition"])
    consumer = AIOKafkaConsumer(**base, group_id=c["group"], enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.commit({place: OffsetAndMetadata(c["offset"], c["metadata"])})
    finally:
        await consumer.stop()


async def committed(c):
    places = [TopicPartition(c["topic"], at) for at in range(c["partitions"])]
    found = await with_admin(
        lambda admin: admin.list_consumer_group_offsets(c["group"], partitions=places)
    )
    return [{"offset": found[at].offset, "metadata": found[at].metadata} for at in places]


async def list_groups(c):
    return [group[0] for group in await with_admin(lambda admin: admin.list_consumer_groups())]


async def describe_group(c):
    [answer] = await with_admin(lambda admin: admin.describe_consumer_groups([c["group"]]))
    error_code, _, state, _, _, described, *_ = answer.groups[0]
    check(error_code)
    return {"state": state, "memberCount": len(described)}


async def send(request, broker=None):
    """Sends a request that the admin client has no method for, to this broker or to any."""
    client = AIOKafkaClient(**base)
    await client.bootstrap()
    try:
        return await client.send(client.get_random_node() if broker is None else broker, request)
    finally:
        await client.close()


async def delete_group(c):
    coordinator = await with_admin(lambda admin: admin.find_coordinator(c["group"]))
    answer = await send(DeleteGroupsRequest([c["group"]]), coordinator)
    for _, error_code in answer.results:
        check(error_code)


def versions_request(version):
    """ApiVersions in a version that the client does not have; its answers begin with the error."""

    class Struct(RequestStruct):
        FLEXIBLE_VERSION = True
        API_KEY = 18
        API_VERSION = version
        RESPONSE_TYPE = ApiVersionResponse_v0
        SCHEMA = Schema(("tags", TaggedFields))

        def parse_response_header(self, read_buffer):
            return ResponseHeader_v0.decode(read_buffer)

    class Asked(Request[Struct]):
        API_KEY = 18

        def prepare(self, versions):
            return Struct({})

        def build(self, request_struct_class):
            return request_struct_class({})

    return Asked()


async def ask_for_versions(c):
    answer = await send(versions_request(c["version"]))
    check(answer.error_code)


class Member(ConsumerRebalanceListener):
    def __init__(self, c):
        self.name, self.topic, self.leaving = c["member"], c["topic"], False
        self.consumer = AIOKafkaConsumer(
            **base,
            group_id=c["group"],
            group_instance_id=c.get("instanceId"),
            auto_offset_reset="earliest",
            session_timeout_ms=c["sessionTimeoutMs"],
            heartbeat_interval_ms=200,
            fetch_max_wait_ms=100,
        )
        self.task = asyncio.create_task(self.run())

    async def on_partitions_assigned(self, places):
        assigned(self.name, [place.partition for place in places])

    async def on_partitions_revoked(self, places):
        assigned(self.name, [])

    async def run(self):
        try:
            self.consumer.subscribe([self.topic], listener=self)
            await self.consumer.start()
            while not self.leaving:
                for records in (await self.consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        saw(self.name, record.value)
        except Exception as error:
            failed(self.name, error)
        finally:
            await self.consumer.stop()


async def join(c):
    members[c["member"]] = Member(c)


async def leave(c):
    member = members.pop(c["member"])
    member.leaving = True
    await member.task


handlers = {
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
    "askForVersions": ask_for_versions,
    "join": join,
    "leave": leave,
}


async def main():
    ready(aiokafka.__version__)
    # Lines of megabytes come in: the limit is a reader's buffer, not a record's size.
    commands = asyncio.StreamReader(limit=64_000_000)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        try:
            tell({"id": command["id"], "result": await handlers[command["op"]](command)})
        except Exception as error:
            tell({"id": command["id"], "error": describe(error)})


asyncio.run(main())
