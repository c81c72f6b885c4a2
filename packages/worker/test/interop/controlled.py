"""A worker of Python beside ours: whatever is asked of both, they answer alike."""
import os
import time

from celery import Celery

app = Celery('controlled', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=os.environ['QUEUE'], worker_prefetch_multiplier=4)


@app.task(name='it.slow')
def slow(seconds, note=None):
    time.sleep(seconds)
    return seconds


@app.task(name='it.add')
def add(x, y):
    return x + y
