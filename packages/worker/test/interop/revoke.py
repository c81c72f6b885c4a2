"""A client of Python whose tasks are revoked by a worker of another language: by id, by stamp, and while they run."""
import json
import os

from celery import Celery
from celery.exceptions import TaskRevokedError

try:
    from celery.canvas import StampingVisitor
except ImportError:  # before 5.3: the same headers, by hand
    StampingVisitor = object

app = Celery('client', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=os.environ['QUEUE'], result_expires=60)


@app.task(name='it.add')
def add(x, y):
    raise AssertionError('not run here')


@app.task(name='it.wait')
def wait():
    raise AssertionError('not run here')


@app.task(name='it.terminate')
def terminate(task_id):
    raise AssertionError('not run here')


class Monitored(StampingVisitor):
    def on_signature(self, sig, **headers):
        return {'monitor': 'm1', 'tags': ['t1', 't2'], 'stamped_headers': ['monitor', 'tags']}


def told(name, result):
    try:
        value = result.get(timeout=60)
    except TaskRevokedError as exc:
        print(json.dumps({'name': name, 'value': ['revoked', str(exc), result.state]}))
    else:
        print(json.dumps({'name': name, 'value': ['ran', value, result.state]}))


def stamped(visitor=None, **stamps):
    signature = add.s(1, 2)
    if StampingVisitor is not object:
        signature.stamp(visitor, **stamps)
        return signature
    names = stamps or Monitored().on_signature(signature)
    return signature.set(headers={'stamped_headers': list(names), 'stamps': names})

told('by its id', add.apply_async((1, 2), task_id='revoked-by-id'))
told('by a stamp', stamped(batch='b1').apply_async())
told('by one of several', stamped(ids=[1, 7]).apply_async())
told('by a stamp of a visitor', stamped(Monitored()).apply_async())
told('with another stamp', stamped(batch='b2', ids=[1, 2]).apply_async())
told('with a header that is no stamp', add.apply_async((1, 2), headers={'batch': 'b1'}))

running = wait.apply_async(task_id='running')
told('who terminates', terminate.apply_async(('running',)))
told('while it runs', running)
