"""A client of Python, whose tasks a worker of another language runs.

Each scenario is a function of this module; what it gives, or what it raised, is printed as one line of JSON.
"""
import datetime
import decimal
import json
import os
import traceback
import uuid

from celery import Celery, group
from celery.contrib.testing.worker import start_worker
from celery.exceptions import TimeoutError as ResultTimeout
from kombu.utils import json as kombu_json

QUEUE = os.environ['QUEUE']

app = Celery('client', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=QUEUE, result_expires=60)


@app.task(name='it.add')
def add(x, y):
    raise AssertionError('not run here')


@app.task(name='it.echo')
def echo(value):
    raise AssertionError('not run here')


@app.task(name='it.inspect')
def inspect_(*args, **kwargs):
    raise AssertionError('not run here')


@app.task(name='it.fail')
def fail(how):
    raise AssertionError('not run here')


@app.task(name='it.late')
def late(x):
    raise AssertionError('not run here')


@app.task(name='it.flaky')
def flaky(times):
    raise AssertionError('not run here')


@app.task(name='it.handed', bind=True)
def handed(self, x, y):
    request = self.request
    # Older ones have headers of one's own as attributes.
    mine = (request.headers or {}).get('mine', getattr(request, 'mine', None))
    return {
        'sum': x + y, 'retries': request.retries, 'parent_is_itself': request.parent_id == request.id,
        'priority': request.delivery_info['priority'], 'headers': {'mine': mine}, 'expires': request.expires is not None,
        'shadow': request.shadow, 'timelimit': request.timelimit,
    }


WAIT = 60


def failure(result):
    try:
        value = result.get(timeout=WAIT)
    except ResultTimeout:
        raise
    except Exception as exc:
        return {
            'type': type(exc).__name__, 'module': type(exc).__module__, 'bases': [base.__name__ for base in type(exc).__mro__],
            'args': list(exc.args), 'str': str(exc), 'state': result.state, 'traceback': result.traceback,
        }
    return {'value': value}


def delay():
    return add.delay(2, 2).get(timeout=WAIT)


def keywords():
    return add.delay(x=2, y=3).get(timeout=WAIT)


def mixed():
    return add.delay(2, y=40).get(timeout=WAIT)


def send_task():
    return app.send_task('it.add', args=(20,), kwargs={'y': 22}).get(timeout=WAIT)


def options():
    return inspect_.apply_async(
        ('a',), {'b': 1}, countdown=0.2, expires=60, priority=5, shadow='shade', headers={'mine': 1, 'nested': {'a': [1, 'b']}}, serializer='json',
        compression='gzip', task_id='options-id-' + QUEUE,
    ).get(timeout=WAIT)


def compressions():
    return [add.apply_async((n, 1), compression=name).get(timeout=WAIT) for n, name in enumerate(['gzip', 'zlib', 'bzip2'][:2])]


def eta():
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=0.5)
    started = inspect_.apply_async(eta=when).get(timeout=WAIT)['started']
    return started - when.timestamp()


def expired():
    return failure(add.apply_async((1, 1), countdown=0.3, expires=0.1))


def ignored():
    result = add.apply_async((1, 1), ignore_result=True)
    add.delay(1, 1).get(timeout=WAIT)
    return result.state


def missing_argument():
    return failure(app.send_task('it.add', (1,)))


def unexpected_keyword():
    return failure(app.send_task('it.add', (1,), {'z': 1}))


def too_many():
    return failure(app.send_task('it.add', (1, 2, 3)))


def wrong_type():
    return failure(add.delay('one', 2))


def unknown_task():
    return failure(app.send_task('it.nowhere', args=(1,)))


def declared():
    return failure(fail.delay('declared'))


def defect():
    return failure(fail.delay('defect'))


def builtin():
    return failure(fail.delay('range'))


def values():
    given = [
        'žluťoučký kůň 🐎 \u2028 "\\', '', 2**53 - 1, -(2**53) + 1, 2**31, 0, -1, 1.5, 1e300, -1e-300, None, True, False,
        [], {}, [[[[1]]]], {'a': {'b': [None, {'c': 'd'}]}, 'ž': 1, '': 2},
    ]
    got = [echo.delay(value) for value in given]
    return [[value, result.get(timeout=WAIT)] for value, result in zip(given, got)]


def big():
    """Beyond what a double holds."""
    given = [2**53 + 1, 2**64, -(2**63), 10**30]
    return [[str(value), str(echo.delay(value).get(timeout=WAIT))] for value in given]


def special():
    """kombu before 5.3 sends them as text; newer ones tag their type."""
    given = [
        datetime.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc), datetime.date(2024, 1, 2), decimal.Decimal('1.50'),
        uuid.UUID(int=1),
    ]
    return [[str(kombu_json.loads(kombu_json.dumps(value))), str(echo.delay(value).get(timeout=WAIT))] for value in given]


def version_1():
    other = Celery('one', broker=os.environ['URL'], backend='rpc://')
    other.conf.update(task_default_queue=QUEUE, task_protocol=1)
    return [
        other.send_task('it.add', (2, 2)).get(timeout=WAIT),
        other.send_task('it.add', (2,), {'y': 3}, countdown=0.1, expires=60).get(timeout=WAIT),
        failure(other.send_task('it.nowhere')),
    ]


def grouped():
    return group(add.s(i, i) for i in range(10))().get(timeout=WAIT)


def acks_late():
    return [late.delay(n).get(timeout=WAIT) for n in range(3)]


def other_queue():
    return [inspect_.apply_async(queue=name).get(timeout=WAIT)['routing_key'] for name in (QUEUE, QUEUE + '.other')]


def children():
    """What follows is sent, and known: by RPC its result comes to whoever has sent the first."""
    callback = add.s(1)
    waited = callback.freeze()
    first = add.apply_async((1, 1), link=callback)
    chained = (add.s(1, 1) | add.s(2) | add.s(3)).apply_async()
    mourner = echo.s()
    told = mourner.freeze()
    fail.apply_async(('range',), link_error=mourner, task_id='the one that fails')
    return {
        'first': first.get(timeout=WAIT),
        'children': [child.id == waited.id for child in first.children],
        'callback': waited.get(timeout=WAIT),
        'chain': [chained.get(timeout=WAIT), chained.parent.get(timeout=WAIT), chained.parent.parent.get(timeout=WAIT)],
        'errback': told.get(timeout=WAIT),
    }


def retried():
    return [flaky.delay(times).get(timeout=WAIT) for times in (0, 1, 2)]


def exhausted():
    return failure(flaky.delay(9))


def handed_over():
    """Its first attempt runs there, the second here."""
    sent = handed.apply_async(
        (3, 4), priority=5, headers={'mine': 1}, expires=60, shadow='shade', time_limit=20, soft_time_limit=10,
    )
    app.conf.task_default_queue = QUEUE + '.python'
    app.amqp.queues.select([QUEUE + '.python'])
    context = start_worker(app, pool='solo', perform_ping_check=False, loglevel='ERROR')
    context.__enter__()
    # The worker ends with this process: it is the last scenario.
    return sent.get(timeout=WAIT, disable_sync_subtasks=False)


SCENARIOS = [
    delay, keywords, mixed, send_task, options, compressions, eta, expired, ignored, missing_argument, unexpected_keyword, too_many, wrong_type,
    unknown_task, declared, defect, builtin, values, big, special, version_1, grouped, acks_late, other_queue, children,
    retried, exhausted, handed_over,
]

for scenario in SCENARIOS:
    try:
        line = {'name': scenario.__name__, 'value': scenario()}
    except Exception:
        line = {'name': scenario.__name__, 'error': traceback.format_exc()}
    print(json.dumps(line), flush=True)

os._exit(0)
