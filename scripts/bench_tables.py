# SPDX-License-Identifier: Apache-2.0
"""What tables cost and answer by how they are sorted, and what tags cost by how they are stored.

Parts of scripts/bench. They ask the engine of a server of ours past the server, with tables of the product's
own declarations and rows that are made up. What is compared is done in turns, and CPU is counted rather than
time, so that a loaded machine is loaded for all: the engine's user and system time.
"""
import os
import re
import time

ROWS = int(os.environ.get("ROWS", "1000000"))
BATCH = int(os.environ.get("BATCH", "50000"))
HOURS = 4
SERVICES = 200

# A service, of which few have most of the traffic; one of its 25 pods; a call between two of them.
CALLS = f"""
  WITH number AS n, cityHash64(n, 1) AS a, cityHash64(n, 2) AS b, cityHash64(n, 3) AS c,
    toUInt32(pow(a % 100000 / 100000, 2) * {SERVICES}) AS server,
    toUInt32(pow(b % 100000 / 100000, 2) * {SERVICES}) AS client,
    toUInt32(server * 25 + intDiv(a, 100000) % 25) AS pod, toUInt32(client * 25 + intDiv(b, 100000) % 25) AS caller,
    toUInt32(toUnixTimestamp(toStartOfHour(now())) - {HOURS * 3600} + intDiv(n * {HOURS * 3600}, {{rows}})) AS second,
    multiIf(server % 10 < 7, 20, server % 10 < 9, 60, 80) AS protocol,
    toUInt64(200 + c % 700 + if(c % 61 = 0, 20000 + c % 90000, 0)) AS duration, cityHash64(pod, caller, c % 4) AS connection,
    c % 200 = 0 AS failed, c % 100 < 30 AS traced
"""
CALL_COLUMNS = """
  toDateTime(second) AS time, bitShiftLeft(toUInt64(second), 32) + n % 4000000 AS _id,
  toInt64(second) * 1000000 + c % 900000 AS start_time, start_time + duration AS end_time,
  pod % 40 + 1 AS agent_id, 3 AS signal_source, if(a % 2, 'c-p', 's-p') AS observation_point,
  connection % 1000000007 AS flow_id, 255 AS direction_score, caller + 10 AS tag_set_id_0, pod + 10 AS tag_set_id_1,
  client + 3 AS auto_service_id_0, server + 3 AS auto_service_id_1, 120 AS auto_service_type_0,
  120 AS auto_service_type_1, toIPv6(IPv4NumToString(toUInt32(167772160 + caller))) AS ip_0,
  toIPv6(IPv4NumToString(toUInt32(167772160 + pod))) AS ip_1, 1 AS is_ipv4, 6 AS protocol,
  32768 + connection % 28000 AS client_port, 8080 + server % 20 AS server_port, 4026531840 + pod % 900 AS netns_id,
  protocol_number AS l7_protocol, caller * 7 AS process_id_0, pod * 7 AS process_id_1,
  concat('worker-', toString(client)) AS process_kname_0, concat('worker-', toString(server)) AS process_kname_1,
  toUInt32(connection + n * 131) AS req_tcp_seq, toUInt32(connection / 3 + n * 517) AS resp_tcp_seq,
  7000000000 + n * 2 AS syscall_trace_id_request, 7000000001 + n * 2 AS syscall_trace_id_response,
  4400 + connection % 64 AS syscall_thread_0, 5010 + connection % 64 AS syscall_thread_1,
  toUInt32(n / 900) AS syscall_cap_seq_0, toUInt32(n / 900) + 1 AS syscall_cap_seq_1, '1.1' AS version,
  ['GET', 'POST', 'PUT'][c % 3 + 1] AS request_type, concat('shop-', toString(server), '.internal:8080') AS request_domain,
  concat('/api/v1/products/', toString(intDiv(c, 7) % 40), '/reviews') AS request_resource,
  concat('/api/v1/products/', toString(intDiv(c, 7) % 6)) AS endpoint,
  if(traced, lower(hex(cityHash64(intDiv(n, 8), 5))) || lower(hex(cityHash64(intDiv(n, 8), 6))), '') AS trace_id,
  if(traced, lower(hex(a)), '') AS span_id, if(failed, 3, 0) AS response_status, if(failed, 503, 200) AS response_code,
  duration AS response_duration, 400 + intDiv(c, 7) % 40 * 37 AS response_length, 1 AS request_messages,
  1 AS response_messages, 120 AS captured_request_byte, 1024 AS captured_response_byte
"""
# What calls become in a table of pairs: of each pod only some others are callers.
PAIR_COLUMNS = """
  toDateTime(second) AS time, pod % 40 + 1 AS agent_id, 3 AS signal_source,
  if(a % 2, 'c-p', 's-p') AS observation_point, caller + 10 AS tag_set_id_0, pod + 10 AS tag_set_id_1,
  client + 3 AS auto_service_id_0, server + 3 AS auto_service_id_1, 120 AS auto_service_type_0,
  120 AS auto_service_type_1, toIPv6(IPv4NumToString(toUInt32(167772160 + caller))) AS ip_0,
  toIPv6(IPv4NumToString(toUInt32(167772160 + pod))) AS ip_1, 1 AS is_ipv4, 6 AS protocol,
  8080 + server % 20 AS server_port, protocol_number AS l7_protocol,
  concat('/api/v1/products/', toString(intDiv(c, 7) % 6)) AS endpoint, 255 AS direction_score,
  1 + c % 3 AS request, 1 + c % 3 AS response, failed AS server_error, failed AS error,
  duration AS rrt_sum, 1 + c % 3 AS rrt_count, duration AS rrt_max
"""

OLD = {"calls": "time, l7_protocol, auto_service_id_1, server_port",
       "pairs": "time, auto_service_id_1, auto_service_id_0, server_port"}
NEW = "toStartOfInterval(time, toIntervalSecond(300)), auto_service_id_1, time"
LAZY = "query_plan_max_limit_for_lazy_materialization = 1000"


class Bench:
    """Asks an engine, and tells what that cost it."""

    def __init__(self, engine, pid, folder):
        self.engine, self.pid, self.folder = engine, pid, folder

    def ask(self, sql, settings=""):
        plain = "use_query_condition_cache = 0, max_threads = 2, log_queries = 0"
        return self.engine.ask(f"{sql} SETTINGS {plain}{', ' + settings if settings else ''}")

    def cpu(self):
        """CPU seconds that the engine has used, in ticks of 10 ms."""
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def anonymous(self):
        """The engine's own memory now, in MB."""
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1000
        return 0

    def batches(self, source, rows):
        """The rows of a table in the form in which the server sends them, as many files."""
        paths = []
        for first in range(0, rows, BATCH):
            path = f"{self.folder}/{source}-{first}.native"
            with open(path, "wb") as file:
                file.write(self.engine.raw(
                    f"SELECT * EXCEPT n FROM bench.{source} WHERE n BETWEEN {first} AND {first + BATCH - 1} "
                    "ORDER BY n FORMAT Native SETTINGS max_threads = 1"))
            paths.append(path)
        return paths

    def insert(self, table, path):
        self.engine.insert(f"INSERT INTO bench.{table} FORMAT Native", open(path, "rb").read())

    def disk(self, table):
        return float(self.engine.ask(
            f"SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND database = 'bench' "
            f"AND table = '{table}'"))


def make(bench, name, declared, order, more=""):
    """A table like a declared one, in another order."""
    created = bench.engine.ask(f"SHOW CREATE TABLE {declared} FORMAT TSVRaw")
    created = re.sub(r"^CREATE TABLE \S+", f"CREATE TABLE bench.{name}", created)
    created = re.sub(r"ORDER BY \(.*\)\n", f"ORDER BY ({order})\n", created)
    created = re.sub(r"\nCOMMENT .*", "", created)
    if more:
        for column in ["tag_set_id_0", "tag_set_id_1"]:
            created = re.sub(rf"(INDEX skip_{column} {column} TYPE) .*?(,?)\n", rf"\1 {more}\2\n", created)
    bench.engine.ask(created)
    bench.engine.ask(f"SYSTEM STOP MERGES bench.{name}")


def source(bench, name, columns, rows):
    calls = CALLS.format(rows=rows).replace(" AS protocol,", " AS protocol_number,")
    bench.engine.ask(f"CREATE TABLE bench.{name} ENGINE = MergeTree ORDER BY n AS {calls} SELECT n, {columns} "
                     f"FROM numbers({rows}) SETTINGS max_threads = 1, max_block_size = 8192")


def fill(bench, tables, paths):
    """Inserts into each table in turns; CPU seconds a million rows of each, of insert and of one merge."""
    used = {table: [0.0, 0.0] for table in tables}
    for index, path in enumerate(paths):
        turn = tables[index % len(tables):] + tables[:index % len(tables)]
        for table in turn:
            before = bench.cpu()
            bench.insert(table, path)
            used[table][0] += bench.cpu() - before
    for table in tables:
        bench.engine.ask(f"SYSTEM START MERGES bench.{table}")
        before = bench.cpu()
        bench.engine.ask(f"OPTIMIZE TABLE bench.{table} FINAL")
        used[table][1] += bench.cpu() - before
    return {table: [figure / ROWS * 1e6 for figure in figures] for table, figures in used.items()}


def times(bench, questions, rounds):
    """CPU milliseconds and wall milliseconds of each question: asked often enough for ticks of 10 ms."""
    best = {}
    for _ in range(rounds):
        for name, (sql, settings) in questions.items():
            asked, before, began = 0, bench.cpu(), time.monotonic()
            while asked < 5 or (time.monotonic() - began < 0.3 and asked < 100):
                bench.ask(sql, settings)
                asked += 1
            cpu = (bench.cpu() - before) / asked * 1000
            wall = (time.monotonic() - began) / asked * 1000
            old = best.get(name, (1e9, 1e9))
            best[name] = (min(old[0], cpu), min(old[1], wall))
    return best


def keys(bench, add, rounds):
    """Sort keys of calls and of metrics by the second: bytes, CPU of insert and merge, and of questions."""
    bench.engine.ask("CREATE DATABASE bench")
    source(bench, "calls", CALL_COLUMNS, ROWS)
    source(bench, "pairs", PAIR_COLUMNS, ROWS)
    declared = {"calls": "flow_log.l7_flow_log", "pairs": "flow_metrics.`application_map.1s`"}
    variants = {"old": (OLD, ""), "new": (NEW, ""), "index": (NEW, "set(256) GRANULARITY 1"),
                "bloom": (NEW, "bloom_filter(0.01) GRANULARITY 1")}
    end = int(bench.engine.ask("SELECT toUnixTimestamp(max(time)) FROM bench.calls"))
    mine = 3 + SERVICES // 4
    one = bench.engine.ask("SELECT any(_id), any(trace_id) FROM (SELECT * FROM bench.calls WHERE trace_id != '' "
                           f"AND n > {ROWS // 2} LIMIT 1)").split()
    for kind, plain in declared.items():
        tables = []
        for name, (order, more) in variants.items():
            table = f"{kind}_{name}"
            make(bench, table, plain, order[kind] if isinstance(order, dict) else order, more)
            tables.append(table)
        used = fill(bench, tables, bench.batches(kind, ROWS))
        for table in tables:
            add("keys", f"{table}: bytes a row", round(bench.disk(table), 1), "B")
            add("keys", f"{table}: CPU of inserts, a million rows", round(used[table][0], 2), "s")
            add("keys", f"{table}: CPU of one merge, a million rows", round(used[table][1], 2), "s")
        questions = {}
        hour = f"time >= {end - 3600} AND time <= {end}"
        latest = "ORDER BY time DESC, end_time DESC LIMIT 100 FORMAT Null"
        for table in tables:
            source_table = f"FROM bench.{table} WHERE"
            if kind == "pairs":
                red = ("SELECT toStartOfMinute(time) AS m, sum(request), sum(error), sum(rrt_sum) / sum(rrt_count), "
                       f"max(rrt_max) {source_table}")
                questions[f"{table}: one service by minute, 4 h"] = (
                    f"{red} auto_service_id_1 = {mine} GROUP BY m FORMAT Null", "")
                questions[f"{table}: all services by minute, 1 h"] = (
                    f"{red.replace('SELECT', 'SELECT auto_service_id_1 AS s,')} {hour} GROUP BY m, s FORMAT Null", "")
                questions[f"{table}: one pod by minute, 4 h"] = (
                    f"{red} tag_set_id_1 = {mine * 25} GROUP BY m FORMAT Null", "")
                continue
            for name, lazy in [("", ""), (", lazy", LAZY)]:
                questions[f"{table}: last 100, 1 h{name}"] = (f"SELECT * {source_table} {hour} {latest}", lazy)
                questions[f"{table}: last 100 of a service, 1 h{name}"] = (
                    f"SELECT * {source_table} {hour} AND auto_service_id_1 = {mine} {latest}", lazy)
                questions[f"{table}: last 100 errors, 1 h{name}"] = (
                    f"SELECT * {source_table} {hour} AND response_status = 3 {latest}", lazy)
            questions[f"{table}: p95 of a service, 1 h"] = (
                f"SELECT quantileTDigest(0.95)(response_duration) {source_table} {hour} AND auto_service_id_1 = {mine} "
                "FORMAT Null", "")
            questions[f"{table}: one record by its number"] = (
                f"SELECT * {source_table} time = {int(one[0]) >> 32} AND _id = {one[0]} FORMAT Null", "")
            questions[f"{table}: one trace, 2 min"] = (
                f"SELECT * {source_table} trace_id = '{one[1]}' AND time BETWEEN {(int(one[0]) >> 32) - 60} AND "
                f"{(int(one[0]) >> 32) + 60} FORMAT Null", "")
            questions[f"{table}: one trace, 4 h"] = (f"SELECT * {source_table} trace_id = '{one[1]}' FORMAT Null", "")
            questions[f"{table}: one pod, 1 h"] = (
                f"SELECT count(), max(response_duration) {source_table} {hour} AND tag_set_id_1 = {mine * 25} "
                "FORMAT Null", "")
        for name, (cpu, wall) in times(bench, questions, rounds).items():
            add("keys", name, round(cpu, 1), "ms CPU", f"{round(wall, 1)} ms")


# MARK: How tags are stored

TAGS = 30
PODS = 5000
DRAWS = ("cluster", "independent")


def drawn(draw, rows, encoding):
    """A statement that makes rows: of a cluster, where the pod decides everything, or with tags of six resources
    that have nothing to do with each other."""
    sets = PODS * 10 if draw == "cluster" else min(2_000_000, 2 * rows)
    ends = []
    for side in (0, 1):
        pick = (f"toUInt32(pow(cityHash64(n, {side}) % 1000003 / 1000003, 2) * {PODS}) * 10 + intDiv(n * 10, {rows})"
                if draw == "cluster" else f"toUInt32(cityHash64(n, {side}) % {sets})")
        ends.append(f"{pick} AS set_{side}")
        for group in range(6):
            entity = (f"intDiv(set_{side}, 10)" if draw == "cluster"
                      else f"toUInt32(cityHash64(set_{side}, {group}, 77) % {PODS})")
            ends.append(f"{entity} AS e{group}_{side}")
        ends.append(f"intDiv(e4_{side}, 25) AS service_{side}")
    plain = ("toDateTime(second) AS time, bitShiftLeft(toUInt64(second), 32) + n AS _id, "
             "toInt64(second) * 1000000 + c % 900000 AS start_time, 200 + c % 700 AS duration, if(c % 200 = 0, 3, 0) AS status, "
             "concat('/api/v1/products/', toString(c % 40)) AS endpoint, toUInt16(32768 + c % 28000) AS client_port, "
             "toUInt32(n * 131 + c % 99) AS req_seq, toUInt32(n * 517 + c % 77) AS resp_seq, "
             "if(c % 100 < 30, lower(hex(cityHash64(intDiv(n, 8), 5))), '') AS trace")
    tags = []
    for side in (0, 1):
        if encoding == "smart":
            tags += [f"set_{side} + 1 AS tag_set_id_{side}", f"service_{side} + 1 AS auto_service_id_{side}"]
        elif encoding != "none":
            tags += [f"lower(hex(cityHash64({tag}, e{tag // 5}_{side}))) AS t{tag}_{side}" for tag in range(TAGS)]
            tags += [f"concat('service-', toString(service_{side})) AS service_{side}_name"]
    return (f"WITH number AS n, cityHash64(n, 9) AS c, toUInt32(1790000000 + intDiv(n * {HOURS * 3600}, {rows})) AS second, "
            f"{', '.join(ends)} SELECT {', '.join([plain] + tags)} FROM numbers({{first}}, {{count}})")


def encoded(bench, name, encoding):
    """A table of one encoding, all sorted alike."""
    text = {"lc": "LowCardinality(String)", "string": "String"}.get(encoding)
    columns = ["time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))", "_id UInt64 CODEC(Delta, ZSTD(1))",
               "start_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))", "duration UInt64 CODEC(T64, ZSTD(1))",
               "status UInt8 CODEC(ZSTD(1))", "endpoint LowCardinality(String) CODEC(ZSTD(1))",
               "client_port UInt16 CODEC(ZSTD(1))", "req_seq UInt32 CODEC(ZSTD(1))", "resp_seq UInt32 CODEC(ZSTD(1))",
               "trace String CODEC(ZSTD(1))"]
    service = ""
    for side in (0, 1):
        if encoding == "smart":
            columns += [f"tag_set_id_{side} UInt32 CODEC(ZSTD(1)), INDEX skip_{side} tag_set_id_{side} TYPE set(256) GRANULARITY 1",
                        f"auto_service_id_{side} UInt32 CODEC(ZSTD(1))"]
            service = "auto_service_id_1, "
        elif text:
            columns += [f"t{tag}_{side} {text} CODEC(ZSTD(1))" for tag in range(TAGS)]
            columns += [f"service_{side}_name {text} CODEC(ZSTD(1))"]
            service = "service_1_name, "
    bench.engine.ask(
        f"CREATE TABLE bench.{name} ({', '.join(columns)}) ENGINE = MergeTree "
        f"PARTITION BY toStartOfInterval(time, toIntervalSecond(3600)) "
        f"ORDER BY (toStartOfInterval(time, toIntervalSecond(300)), {service}time)")
    bench.engine.ask(f"SYSTEM STOP MERGES bench.{name}")


def catalog(bench, draw, rows):
    """Tag sets and resources as the product has them; CPU seconds to write and load them, and bytes on disk."""
    sets = PODS * 10 if draw == "cluster" else min(2_000_000, 2 * rows)
    groups = ", ".join(
        f"toUInt32({'intDiv(number, 10)' if draw == 'cluster' else f'cityHash64(toUInt32(number), {g}, 77) % {PODS}'} "
        f"+ {g * PODS} + 1) AS e{g}" for g in range(6))
    before = bench.cpu()
    bench.engine.ask(f"CREATE TABLE bench.tag_set ENGINE = MergeTree ORDER BY number AS SELECT toUInt32(number + 1) AS number, "
                     f"{groups} FROM numbers({sets}) SETTINGS max_threads = 1")
    values = ", ".join(f"lower(hex(cityHash64(intDiv(number, {PODS}) * 5 + {tag}, toUInt32(number % {PODS}))))" for tag in range(5))
    bench.engine.ask(f"CREATE TABLE bench.resource ENGINE = MergeTree ORDER BY number AS "
                     f"SELECT toUInt32(number + 1) AS number, [{values}] AS attributes, attributes[1] AS name "
                     f"FROM numbers({6 * PODS}) SETTINGS max_threads = 1")
    bench.engine.ask("CREATE TABLE bench.attribute ENGINE = MergeTree ORDER BY (name, value) AS SELECT "
                     f"toUInt8(intDiv(number - 1, {PODS}) * 5 + i - 1) AS name, attributes[i] AS value, number FROM bench.resource "
                     "ARRAY JOIN arrayEnumerate(attributes) AS i")
    user, password = bench.engine.headers["X-ClickHouse-User"], bench.engine.headers["X-ClickHouse-Key"]
    for table, columns, largest in [("tag_set", ", ".join(f"e{g} UInt32" for g in range(6)), sets), ("resource", "name String", 6 * PODS)]:
        bench.engine.ask(
            f"CREATE DICTIONARY bench.{table}_map (number UInt64, {columns}) PRIMARY KEY number SOURCE(CLICKHOUSE(DB 'bench' "
            f"TABLE '{table}' USER '{user}' PASSWORD '{password}')) LAYOUT(FLAT(MAX_ARRAY_SIZE {largest + 2})) LIFETIME(0)")
        bench.engine.ask(f"SYSTEM RELOAD DICTIONARY bench.{table}_map")
    size = sum(float(bench.engine.ask(f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'bench' "
                                      f"AND table = '{table}'")) for table in ["tag_set", "resource", "attribute"])
    return bench.cpu() - before, size


def asked(table, encoding, end):
    """The five questions, in each encoding's best way; tag 0 is a pod's name, 7 a label, 12 a namespace, 17 a node."""
    one = "SELECT lower(hex(cityHash64(7, toUInt32(5))))"
    if encoding == "smart":
        number = lambda group, side: f"dictGet('bench.tag_set_map', 'e{group}', toUInt64(tag_set_id_{side}))"
        name = lambda value: f"dictGet('bench.resource_map', 'name', toUInt64({value}))"
        sets = lambda group, found: f"tag_set_id_1 IN (SELECT number FROM bench.tag_set WHERE e{group} IN ({found}))"
        label = sets(1, f"SELECT number FROM bench.attribute WHERE name = 7 AND value = ({one})")
        like = sets(0, "SELECT number FROM bench.attribute WHERE name = 0 AND value LIKE '%a0%'")
        return {
            "pods of a service": f"SELECT {name('p')}, c, q FROM (SELECT {number(0, 1)} AS p, count() AS c, quantileTDigest(0.95)(duration) AS q "
                                 f"FROM bench.{table} WHERE auto_service_id_1 = 21 GROUP BY p) FORMAT Null",
            "a label": f"SELECT endpoint, count() FROM bench.{table} WHERE {label} GROUP BY endpoint FORMAT Null",
            "pairs of pods": f"SELECT {name('p')}, {name('q')}, c FROM (SELECT {number(0, 0)} AS p, {number(0, 1)} AS q, count() AS c "
                             f"FROM bench.{table} GROUP BY p, q ORDER BY c DESC LIMIT 1000) FORMAT Null",
            "LIKE on a name": f"SELECT {name('p')}, c FROM (SELECT {number(3, 1)} AS p, count() AS c FROM bench.{table} "
                              f"WHERE {like} GROUP BY p) FORMAT Null",
            "namespaces of an hour": f"SELECT {name('p')}, c FROM (SELECT {number(2, 1)} AS p, count() AS c FROM bench.{table} "
                                     f"WHERE time > {end - 3600} GROUP BY p) FORMAT Null",
        }
    return {
        "pods of a service": f"SELECT t0_1, count(), quantileTDigest(0.95)(duration) FROM bench.{table} "
                             "WHERE service_1_name = 'service-20' GROUP BY t0_1 FORMAT Null",
        "a label": f"SELECT endpoint, count() FROM bench.{table} WHERE t7_1 = ({one}) GROUP BY endpoint FORMAT Null",
        "pairs of pods": f"SELECT t0_0, t0_1, count() AS c FROM bench.{table} GROUP BY t0_0, t0_1 ORDER BY c DESC LIMIT 1000 FORMAT Null",
        "LIKE on a name": f"SELECT t15_1, count() FROM bench.{table} WHERE t0_1 LIKE '%a0%' GROUP BY t15_1 FORMAT Null",
        "namespaces of an hour": f"SELECT t10_1, count() FROM bench.{table} WHERE time > {end - 3600} GROUP BY t10_1 FORMAT Null",
    }


def tag_encoding(bench, add, rounds):
    """Tag sets against LowCardinality(String) and String, 30 tags a side: CPU, bytes and questions."""
    end = 1790000000 + HOURS * 3600
    for draw in DRAWS:
        bench.engine.ask("CREATE DATABASE bench")
        writing, size = catalog(bench, draw, ROWS)
        add("tags", f"{draw}: the catalog, CPU to write and load", round(writing, 2), "s")
        add("tags", f"{draw}: the catalog on disk", round(size / 1e6, 1), "MB")
        encodings = ["none", "smart", "lc", "string"]
        statements = {encoding: drawn(draw, ROWS, encoding) for encoding in encodings}
        used, merged, memory = {}, {}, {}
        for encoding in encodings:
            encoded(bench, encoding, encoding)
        for index, first in enumerate(range(0, ROWS, BATCH)):
            for encoding in encodings[index % 4:] + encodings[:index % 4]:
                block = bench.engine.raw(statements[encoding].format(first=first, count=min(BATCH, ROWS - first))
                                         + " FORMAT Native SETTINGS max_threads = 1")
                before = bench.cpu()
                bench.engine.insert(f"INSERT INTO bench.{encoding} FORMAT Native", block)
                used[encoding] = used.get(encoding, 0) + bench.cpu() - before
                memory[encoding] = max(memory.get(encoding, 0), bench.anonymous())
        for encoding in encodings:
            bench.engine.ask(f"SYSTEM START MERGES bench.{encoding}")
            before = bench.cpu()
            bench.engine.ask(f"OPTIMIZE TABLE bench.{encoding} FINAL")
            merged[encoding] = bench.cpu() - before
        scale, disk = 1e6 / ROWS, {encoding: bench.disk(encoding) for encoding in encodings}
        for encoding in encodings:
            add("tags", f"{draw}, {encoding}: inserts, a million rows", round(used[encoding] * scale, 2), "s CPU",
                f"tags {round((used[encoding] - used['none']) * scale, 2)}")
            add("tags", f"{draw}, {encoding}: one merge, a million rows", round(merged[encoding] * scale, 2), "s CPU",
                f"tags {round((merged[encoding] - merged['none']) * scale, 2)}")
            add("tags", f"{draw}, {encoding}: bytes a row", round(disk[encoding], 1), "B",
                f"tags {round(disk[encoding] - disk['none'], 2)}")
            add("tags", f"{draw}, {encoding}: the engine's memory behind an insert", round(memory[encoding]), "MB")
        questions = {f"{draw}, {encoding}: {what}": (sql, "") for encoding in encodings[1:]
                     for what, sql in asked(encoding, encoding, end).items()}
        for name, (cpu, wall) in times(bench, questions, rounds).items():
            add("tags", name, round(cpu, 1), "ms CPU", f"{round(wall, 1)} ms")
        for table in ["tag_set_map", "resource_map"]:
            bench.engine.ask(f"DROP DICTIONARY bench.{table}")
        bench.engine.ask("DROP DATABASE bench SYNC")
