# SPDX-License-Identifier: Apache-2.0
"""A service in Python: service.py MODE PORT BACKEND.

MODE threads: a thread a connection. worker: a reader hands over to a pool, whose workers reply.
loop: the same, but the reader replies. asyncio; limited: asyncio with few connections.
"""
import asyncio
import concurrent.futures
import queue
import random
import selectors
import socket
import sys
import threading

MODE, PORT, BACKEND = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def head_of(data):
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    path = data.split(b" ", 2)[1].decode()
    judge = ""
    for line in data[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"x-judge":
            judge = value.strip().decode()
    return path, judge, data[end + 4:]


def request(path, judge):
    return (f"GET {path} HTTP/1.1\r\nHost: backend\r\nX-Judge: {judge}\r\n\r\n").encode()


def reply(body):
    return (f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def is_whole(data):
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(b"content-length:")
    if at >= 0:
        length = int(head[at + 15:].split(b"\r\n", 1)[0])
        return len(data) >= end + 4 + length
    return data.endswith(b"0\r\n\r\n")


idle = queue.LifoQueue()
fan = concurrent.futures.ThreadPoolExecutor(24)


def call(path, judge):
    try:
        connection = idle.get_nowait()
    except queue.Empty:
        connection = socket.create_connection(("127.0.0.1", BACKEND))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(request(path, judge))
    data = b""
    while not is_whole(data):
        part = connection.recv(65536)
        if not part:
            raise OSError("the backend closed")
        data += part
    idle.put(connection)
    return "ok"


def serve(path, judge):
    if path == "/two":
        return [call("/k0", judge), call("/k1", judge)]
    if path == "/maybe":
        return [call("/k0", judge)] + ([call("/k2", judge)] if random.random() < 0.5 else [])
    if path == "/fan":
        parts = [fan.submit(call, part, judge) for part in ("/k0", "/k1", "/k2")]
        return [part.result() for part in parts] + [call("/k3", judge)]
    if path == "/loop":
        return [call("/k4", judge) for _ in range(random.randint(1, 3))]
    return []


def threads():
    server = socket.create_server(("127.0.0.1", PORT), backlog=1024)

    def connected(connection):
        data = b""
        while True:
            found = head_of(data)
            if found:
                data = found[2]
                connection.sendall(reply(" ".join(serve(found[0], found[1]))))
                continue
            part = connection.recv(65536)
            if not part:
                return
            data += part

    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=connected, args=(connection,), daemon=True).start()


def pooled():
    server = socket.create_server(("127.0.0.1", PORT), backlog=1024)
    pool = concurrent.futures.ThreadPoolExecutor(16)
    ready = selectors.DefaultSelector()
    ready.register(server, selectors.EVENT_READ, None)
    near, far = socket.socketpair()
    ready.register(near, selectors.EVENT_READ, None)
    done = queue.SimpleQueue()
    buffers = {}

    def work(connection, path, judge):
        body = reply(" ".join(serve(path, judge)))
        if MODE == "worker":
            connection.sendall(body)
        else:
            done.put((connection, body))
            far.send(b"x")

    while True:
        for key, _ in ready.select():
            if key.fileobj is server:
                connection, _ = server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                buffers[connection] = b""
                ready.register(connection, selectors.EVENT_READ, None)
            elif key.fileobj is near:
                near.recv(4096)
                while not done.empty():
                    connection, body = done.get()
                    connection.sendall(body)
            else:
                connection = key.fileobj
                part = connection.recv(65536)
                if not part:
                    ready.unregister(connection)
                    connection.close()
                    continue
                data = buffers[connection] + part
                found = head_of(data)
                if found:
                    data = found[2]
                    pool.submit(work, connection, found[0], found[1])
                buffers[connection] = data


async def loop():
    free = []
    gate = asyncio.Semaphore(8 if MODE == "limited" else 10000)

    async def ask(path, judge):
        async with gate:
            if free:
                reader, writer = free.pop()
            else:
                reader, writer = await asyncio.open_connection("127.0.0.1", BACKEND)
            writer.write(request(path, judge))
            data = b""
            while not is_whole(data):
                data += await reader.read(65536)
            free.append((reader, writer))
            return "ok"

    async def plan(path, judge):
        if path == "/two":
            return [await ask("/k0", judge), await ask("/k1", judge)]
        if path == "/maybe":
            all_parts = [await ask("/k0", judge)]
            return all_parts + ([await ask("/k2", judge)] if random.random() < 0.5 else [])
        if path == "/fan":
            parts = await asyncio.gather(*[ask(part, judge) for part in ("/k0", "/k1", "/k2")])
            return list(parts) + [await ask("/k3", judge)]
        if path == "/loop":
            return [await ask("/k4", judge) for _ in range(random.randint(1, 3))]
        return []

    async def connected(reader, writer):
        data = b""
        while True:
            found = head_of(data)
            if found:
                data = found[2]
                writer.write(reply(" ".join(await plan(found[0], found[1]))))
                continue
            part = await reader.read(65536)
            if not part:
                writer.close()
                return
            data += part

    server = await asyncio.start_server(connected, "127.0.0.1", PORT, backlog=1024)
    await server.serve_forever()


if MODE == "threads":
    threads()
elif MODE in ("worker", "loop"):
    pooled()
else:
    asyncio.run(loop())
