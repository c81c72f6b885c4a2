"""Celery's side of the rows of pools: `celery -A pools worker` computes for as long
as a task says, in processor time."""
import os
import time

from celery import Celery

app = Celery("pools", broker=os.environ["BROKER"], backend="rpc://")
app.conf.task_default_queue = "bench.pools"
app.conf.worker_prefetch_multiplier = 4


@app.task(name="bench.spin")
def spin(millis):
    end = time.process_time() + millis / 1000
    while time.process_time() < end:
        pass
