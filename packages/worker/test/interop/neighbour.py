"""A worker of Python's, to share a cluster with."""
import os

from celery import Celery

app = Celery('neighbour', broker=os.environ['URL'])
app.conf.task_default_queue = os.environ['QUEUE']
app.conf.control_exchange = os.environ['NAMESPACE']
app.conf.event_exchange = os.environ['NAMESPACE'] + '.ev'

# Who is there may be slow to say so: Celery's own second is too short for a busy machine.
inspect, patience = app.control.inspect, float(os.environ.get('PATIENCE', 1))
app.control.inspect = lambda *args, timeout=1.0, **more: inspect(*args, timeout=max(timeout, patience), **more)


@app.task(name='it.mark')
def mark(who):
    print(f'marked {who}', flush=True)
