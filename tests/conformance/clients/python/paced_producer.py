"""librdkafka's producer with so many records a second, by the clock: how many were refused, and
after how long the others were acknowledged, counted from when each was due.

    paced_producer.py BOOTSTRAP TOPIC PARTITIONS RECORDS_A_SECOND

Ends with its input, and tells in a line of JSON.
"""

import json
import sys
import threading
import time

from confluent_kafka import Producer

bootstrap, topic = sys.argv[1:3]
partitions, rate = int(sys.argv[3]), float(sys.argv[4])
is_over = threading.Event()
took = []
failed = 0


def wait_for_the_end():
    sys.stdin.read()
    is_over.set()


def note(due):
    def on_delivery(error, _):
        global failed
        if error is None:
            took.append(time.monotonic() - due)
        else:
            failed += 1
    return on_delivery


threading.Thread(target=wait_for_the_end, daemon=True).start()
producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True})
producer.list_topics(topic, timeout=60)
value = bytes(100)
start, sent = time.monotonic(), 0
while not is_over.is_set():
    due = start + sent / rate
    if time.monotonic() < due:
        producer.poll(max(0, min(0.001, due - time.monotonic())))
        continue
    producer.produce(topic, value, partition=sent % partitions, on_delivery=note(due))
    producer.poll(0)
    sent += 1
producer.flush(180)
took.sort()


def at(share):
    return round(1000 * took[min(len(took) - 1, int(len(took) * share))], 1)


print(json.dumps({
    "failed": failed,
    "acknowledged": len(took),
    "p50Ms": at(0.5),
    "p99Ms": at(0.99),
    "maxMs": at(1),
}))
