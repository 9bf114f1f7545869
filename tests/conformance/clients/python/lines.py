"""The lines of JSON that a client program and the tests exchange (process_driver.ts says which)."""

import json
import sys
import threading

_output = threading.Lock()


def tell(message):
    """Writes one line; members of groups do it from threads of their own."""
    line = json.dumps(message) + "\n"
    with _output:
        sys.stdout.write(line)
        sys.stdout.flush()


def ready(version):
    tell({"event": "ready", "version": version})


def assigned(member, partitions):
    tell({"event": "assigned", "member": member, "partitions": sorted(partitions)})


def saw(member, value):
    tell({"event": "saw", "member": member, "value": value.decode()})


def failed(member, error):
    tell({"event": "failed", "member": member, "message": describe(error)})


def describe(error):
    return f"{type(error).__name__}: {error}"


def answer(command, handle):
    """Runs one command, and answers with what it returns or raises."""
    try:
        tell({"id": command["id"], "result": handle(command)})
    except Exception as error:
        tell({"id": command["id"], "error": describe(error)})


def serve(handlers):
    """Answers commands, one after the other, until stdin ends."""
    for line in sys.stdin:
        command = json.loads(line)
        answer(command, handlers[command["op"]])


def encoded(text):
    return None if text is None else text.encode()


def decoded(data):
    return None if data is None else bytes(data).decode()


def encoded_headers(record):
    return [(name, value.encode()) for name, value in record["headers"]]


def decoded_headers(headers):
    return [[name, decoded(value)] for name, value in headers or []]
