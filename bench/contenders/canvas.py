"""Celery's side of the rows of canvases: the tasks, for `celery -A canvas worker`,
and the client: `python canvas.py <scenario> <broker> <count> <redis>` prints the
seconds from the call until its result is there."""
import json
import os
import sys
import time

from celery import Celery, chain, chord, group

given = sys.argv if __name__ == "__main__" else []
broker, redis = (given[2], given[4]) if given else (os.environ["BROKER"], os.environ["RESULTS"])
app = Celery("canvas", broker=broker, backend=redis)
app.conf.task_default_queue = "bench.canvas"


@app.task(name="bench.add")
def add(x, y):
    return x + y


@app.task(name="bench.inc")
def inc(x):
    return x + 1


@app.task(name="bench.tsum")
def tsum(numbers):
    return sum(numbers)


def a_chord(n):
    return chord([add.s(i, 1) for i in range(n)])(tsum.s()).get(timeout=170), n * (n + 1) // 2


def a_group(n):
    return sum(group([add.s(i, 1) for i in range(n)])().get(timeout=170)), n * (n + 1) // 2


def a_chain(n):
    return chain([inc.s(0)] + [inc.s() for _ in range(n - 1)])().get(timeout=170), n


if __name__ == "__main__":
    run = {"chord": a_chord, "group": a_group, "chain": a_chain}[given[1]]
    run(5)
    began = time.perf_counter()
    got, wanted = run(int(given[3]))
    assert got == wanted, (got, wanted)
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
