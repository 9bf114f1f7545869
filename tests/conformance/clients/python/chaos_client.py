"""librdkafka's producers and members of a group for a cluster to which something happens: the same
roles and words as java/Chaos.java, which says what they are.

    chaos_client.py BOOTSTRAP RECORDS_A_SECOND ROLE...
"""

import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

PARTITIONS = 6
RECORDS = 24
LEDGERS = [("withdrawals", 0), ("withdrawals", 1), ("deposits", 0), ("deposits", 1)]

bootstrap = sys.argv[1]
rate = float(sys.argv[2])
output = threading.Lock()
producers_end = threading.Event()
members_end = threading.Event()


def say(line):
    with output:
        sys.stdout.write(line.replace("\n", " ") + "\n")
        sys.stdout.flush()


class Run:
    """What was acknowledged in one partition and is not told yet."""

    def __init__(self, words):
        self.words = words
        self.start = self.end = None
        self.offset = 0

    def add(self, sequence, offset):
        if self.end is not None and sequence != self.end + 1:
            self.tell()
        if self.end is None:
            self.start = sequence
        self.end, self.offset = sequence, offset

    def tell(self):
        if self.end is not None:
            say(f"acked {self.words} {self.start} {self.end} {self.offset}")
        self.end = None


def producer_settings():
    return {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "linger.ms": 20,
        "request.timeout.ms": 10000,
        "message.timeout.ms": 300000,
        "socket.timeout.ms": 15000,
    }


def send(who):
    failures = []
    runs = [Run(f"{who} sales-{p}") for p in range(PARTITIONS)]
    nexts = [0] * PARTITIONS
    producer = Producer({**producer_settings(), "linger.ms": 100})

    def told(p, sequence):
        def on_delivery(error, message):
            if error is None:
                runs[p].add(sequence, message.offset())
            else:
                failures.append(error)
        return on_delivery

    start = last = time.monotonic()
    sent = 0
    while not producers_end.is_set() and not failures:
        while sent < (time.monotonic() - start) * rate and not failures:
            p = sent % PARTITIONS
            try:
                value = f"{who}:{nexts[p]}"
                producer.produce("sales", value, partition=p, on_delivery=told(p, nexts[p]))
            except BufferError:
                break
            nexts[p] += 1
            sent += 1
        producer.poll(0.02)
        if time.monotonic() - last > 1:
            last = time.monotonic()
            for run in runs:
                run.tell()
    producer.flush(600)
    for run in runs:
        run.tell()
    if failures:
        raise KafkaException(failures[0])


def transact(name, who, count):
    producer = Producer({
        **producer_settings(),
        "transactional.id": name,
        "transaction.timeout.ms": 15000,
        "message.timeout.ms": 15000,
    })
    outside = Consumer({"bootstrap.servers": bootstrap, "group.id": name})
    group = outside.consumer_group_metadata()
    outside.close()
    outcome = None
    try:
        producer.init_transactions(60)
        while not producers_end.is_set():
            start = time.monotonic()
            number, count[0] = count[0], count[0] + 1
            outcome = "aborted"
            producer.begin_transaction()
            for i in range(RECORDS):
                topic, partition = LEDGERS[i % len(LEDGERS)]
                value = f"{who}#{number}:{i}/{RECORDS}"
                producer.produce(topic, value, partition=partition)
            offsets = [TopicPartition(*LEDGERS[0], number)]
            producer.send_offsets_to_transaction(offsets, group, 60)
            if random.random() < 0.2:
                producer.abort_transaction(60)
            else:
                outcome = "unknown"
                producer.commit_transaction(60)
                outcome = "committed"
            say(f"ended {who} {number} {outcome}")
            outcome = None
            time.sleep(max(0.001, RECORDS / rate - (time.monotonic() - start)))
    finally:
        if outcome is not None:
            say(f"ended {who} {count[0] - 1} {outcome}")


class Given:
    """What a member was given in each partition since it last told."""

    def __init__(self, words):
        self.words = words
        self.runs = {}

    def add(self, p, offset):
        if p in self.runs and self.runs[p][1] + 1 != offset:
            self.tell()
        self.runs[p] = [self.runs.get(p, [offset])[0], offset]

    def tell(self):
        """How far it has come in which partition."""
        runs, self.runs = self.runs, {}
        for p, (first, last) in runs.items():
            say(f"polled {self.words} sales-{p} {first} {last}")
        return {p: last + 1 for p, (_, last) in runs.items()}


def read(group, who):
    given = Given(f"{group} {who}")
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "session.timeout.ms": 10000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
    })

    def on_assign(_, partitions):
        given.tell()
        for each in partitions:
            say(f"moved {group} {who} {each.topic}-{each.partition}")

    consumer.subscribe(["sales"], on_assign=on_assign)
    try:
        while not members_end.is_set() and random.random() > 1 / 400:
            poll(consumer, given, who)
            ends = given.tell()
            if ends and random.random() < 0.5:
                commit(consumer, group, who, ends)
    finally:
        consumer.close()


def poll(consumer, given, who):
    patience = 0.5
    for _ in range(2000):
        message = consumer.poll(patience)
        if message is None:
            return
        patience = 0
        if message.error() is None:
            given.add(message.partition(), message.offset())
        else:
            say(f"told {who} {message.error()}")


def commit(consumer, group, who, ends):
    offsets = [TopicPartition("sales", p, end) for p, end in ends.items()]
    try:
        for each in consumer.commit(offsets=offsets, asynchronous=False):
            if each.error is None:
                say(f"committed {group} {each.topic}-{each.partition} {each.offset}")
    except KafkaException as error:
        say(f"told {who} {error}")


def live(kind, name, group=""):
    """One life after the other."""
    end = members_end if kind == "member" else producers_end
    life, count = 0, [0]
    while not end.is_set():
        life += 1
        who = f"{name}.{life}"
        try:
            if kind == "sender":
                send(who)
            elif kind == "teller":
                transact(name, who, count)
            else:
                read(group, who)
        except KafkaException as error:
            say(f"told {who} {error}")
            time.sleep(0.5)


threads = {"member": [], "producer": []}
for role in sys.argv[3:]:
    kind, *names = role.split(":")
    thread = threading.Thread(target=live, args=[kind, *names])
    threads["member" if kind == "member" else "producer"].append(thread)
    thread.start()
sys.stdin.readline()
producers_end.set()
for thread in threads["producer"]:
    thread.join()
say("quiet")
sys.stdin.read()
members_end.set()
for thread in threads["member"]:
    thread.join()
