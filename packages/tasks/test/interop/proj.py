"""A project of Python, whose tasks a client of another language calls."""
import os
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import kombu
from celery import Celery
from celery.backends.redis import RedisBackend
from celery.exceptions import SoftTimeLimitExceeded

QUEUE = os.environ['QUEUE']

app = Celery('proj', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=QUEUE, result_expires=60, worker_prefetch_multiplier=4, result_extended=True)

redis = RedisBackend(app=app, url=os.environ['REDIS_URL'])


class Odd(Exception):
    def __init__(self, code, details):
        super().__init__(code, details)


@app.task(name='py.add')
def add(x, y=1):
    return x + y


@app.task(name='py.echo')
def echo(*args, **kwargs):
    return [args, kwargs]


@app.task(name='py.typed')
def typed(value):
    """What it is here, and the same again."""
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return [type(value).__name__ + (' aware' if aware else ''), value]


@app.task(name='py.made')
def made():
    moment = datetime(2024, 1, 2, 3, 4, 5, 678)
    return {
        'kombu': kombu.__version__, 'id': UUID(int=1), 'aware': moment.replace(tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        'naive': moment, 'day': moment.date(), 'hour': moment.time(), 'price': Decimal('1.50'), 'tags': list({3}), 'big': 2 ** 70,
    }


@app.task(name='py.fail')
def fail(how):
    if how == 'value':
        raise ValueError('bad', 3)
    raise Odd(7, {'why': ['é', None]})


@app.task(name='py.look', bind=True)
def look(self, *names):
    request = self.request
    custom = request.headers or {}
    return {
        'started': time.time(), 'id': request.id, 'root_id': request.root_id, 'parent_id': request.parent_id,
        'custom': {name: custom[name] if name in custom else getattr(request, name, 'absent') for name in names},
        'priority': request.delivery_info['priority'], 'routing_key': request.delivery_info['routing_key'], 'shadow': request.shadow,
        'argsrepr': request.argsrepr, 'kwargsrepr': request.kwargsrepr, 'timelimit': request.timelimit, 'origin': request.origin,
        'correlation_id': request.correlation_id, 'ignore_result': request.ignore_result, 'retries': request.retries,
    }


@app.task(name='py.sleep')
def sleep(seconds):
    try:
        time.sleep(seconds)
    except SoftTimeLimitExceeded:
        return 'soft limit'
    return 'slept'


class PaymentFailed(Exception):
    def __init__(self, order, code):
        super().__init__(order, code)


@app.task(name='py.pay')
def pay(order):
    raise PaymentFailed(order, 402)


@app.task(name='py.note')
def note(*args, key):
    redis.client.rpush(key, repr(args))


@app.task(name='py.sink')
def sink(*args):
    """Keeps what it is called with, for whoever counts."""
    redis.client.rpush(QUEUE + '-' + str(args[-1]), repr(args[:-1]))
    return list(args)


@app.task(name='py.failed')
def failed(task_id):
    """One that takes a single argument is sent; others are called where the task has failed."""
    redis.client.rpush(QUEUE + '-failed', task_id)


# Results of these are kept in Redis.

@app.task(name='kept.add', backend=redis)
def kept_add(x, y):
    return {'sum': x + y, 'é': [1.5, None, True]}


@app.task(name='kept.fail', backend=redis)
def kept_fail():
    raise KeyError('k', 2)


@app.task(name='kept.parent', backend=redis)
def kept_parent():
    kept_add.apply_async((1, 1), task_id=QUEUE + '-child')
    return 'parent'


@app.task(name='kept.progress', backend=redis, bind=True)
def kept_progress(self, done):
    self.update_state(state='PROGRESS', meta={'done': done})
    raise __import__('celery.exceptions').exceptions.Ignore()


@app.task(name='kept.retry', backend=redis, bind=True)
def kept_retry(self):
    raise self.retry(exc=ValueError('again'), countdown=60, max_retries=3)


@app.task(name='kept.started', backend=redis, track_started=True)
def kept_started():
    time.sleep(600)
