"""A worker of Python's, to share a cluster with."""
import os

from celery import Celery

app = Celery('neighbour', broker=os.environ['URL'])
app.conf.task_default_queue = os.environ['QUEUE']
app.conf.control_exchange = os.environ['NAMESPACE']
app.conf.event_exchange = os.environ['NAMESPACE'] + '.ev'


@app.task(name='it.mark')
def mark(who):
    print(f'marked {who}', flush=True)
