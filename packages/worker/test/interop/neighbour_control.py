"""Runs the calls of `app.control` in the environment's CALLS: each a list of a name, arguments and keywords."""
import json
import os

from celery import Celery

app = Celery('neighbour', broker=os.environ['URL'])
app.conf.task_default_queue = os.environ['QUEUE']
app.conf.control_exchange = os.environ['NAMESPACE']

# All nodes stand at the same time of their clocks.
app.clock.value = int(os.environ.get('CLOCK', '0'))
app.conf.control_exchange = os.environ['NAMESPACE']
for name, args, kwargs in json.loads(os.environ['CALLS']):
    if name == 'revoked':
        answer = app.control.inspect(timeout=3, limit=kwargs['limit']).revoked()
    else:
        answer = getattr(app.control, name)(*args, **kwargs)
    print(json.dumps(answer), flush=True)
