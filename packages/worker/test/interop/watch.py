"""A monitor of Python's: hears events until a worker of this name says goodbye, and tells what Celery makes of them."""
import json
import os

from celery import Celery, __version__
from celery.events.state import State

NODE = os.environ['NODE']

app = Celery('watch', broker=os.environ['URL'], set_as_current=False)
state = State()
heard = []
joined = []


class Done(Exception):
    pass


def hear(event):
    if event['hostname'] != NODE and not event['hostname'].startswith('gen'):
        return
    heard.append(dict(event))
    # So that it is known how much of it has been heard.
    print('heard ' + event['type'], flush=True)
    if event['type'] == 'worker-heartbeat' and event['hostname'] == NODE:
        joined.append(state.workers.get(NODE) is not None and state.workers[NODE].alive)
    state.event(event)
    if event['type'] == 'worker-offline' and event['hostname'] == NODE:
        raise Done


with app.connection_for_read() as connection:
    receiver = app.events.Receiver(connection, handlers={'*': hear})
    # What `capture` does with `wakeup`, told of first.
    receiver.on_consume_ready = lambda *args, **kwargs: print(json.dumps({'ready': __version__}), flush=True)
    try:
        receiver.capture(limit=None, timeout=60)
    except Done:
        pass

tasks = {}
for uuid, task in state.tasks.items():
    tasks[task.name] = dict(task.info(), state=task.state, worker=task.worker and task.worker.hostname,
                            client=task.client, done=getattr(task, 'done', None))
print(json.dumps({'heard': heard, 'tasks': tasks, 'joined': joined, 'left': not state.workers[NODE].alive}), flush=True)
