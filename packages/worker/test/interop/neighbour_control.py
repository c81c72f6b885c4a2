"""Broadcasts the commands of the environment's CALLS: each a method, its arguments, the nodes that are meant, and the logical clock.

The last argument of all is how many replies to `revoked` are waited for, or 0.
"""
import json
import os
import time

from celery import Celery

app = Celery('neighbour', broker=os.environ['URL'])
app.conf.task_default_queue = os.environ['QUEUE']
app.conf.control_exchange = os.environ['NAMESPACE']

for method, arguments, destination, clock in json.loads(os.environ['CALLS']):
    app.control.mailbox.clock.value = clock
    app.control.broadcast(method, arguments=arguments, destination=destination)
    # Whoever stands is heard of by the others before the next command, and they do not wait for longer than a second.
    time.sleep(0.25)
limit = int(os.environ['REPLIES'])
if limit:
    print(json.dumps(app.control.inspect(timeout=5, limit=limit).revoked()), flush=True)
