"""For pytest: Celery's own suite, as a client of a worker that runs elsewhere.

Lines of JSON tell what is done: the names of all tests, those that are run, then
what became of each. What the suite reads from the worker that it would have in its
own process, it gets from the one that there is: its name, which tasks have
succeeded (by events), and that revoked stamps are forgotten (by a command).
"""
import json
import os
import signal
import threading
from types import SimpleNamespace

import celery.contrib.pytest as fixtures
import celery.utils.nodenames as nodenames
import pytest
from celery.app.control import Control
from celery.events.receiver import EventReceiver
from celery.worker import state

told = json.loads(os.environ['CELERIAC_SUITE'])


def tell(**fields):
    print('\n' + json.dumps(fields), flush=True)


def name_of(item):
    return item.nodeid.rsplit('/', 1)[-1]


# Celery's own would be named after the process of the tests.
nodenames.anon_nodename = lambda *args, **kwargs: told['nodename']

broadcast = Control.broadcast


def broadcast_to_one(self, *args, reply=False, limit=None, **kwargs):
    """There is one worker: who asks need not wait for a second answer."""
    return broadcast(self, *args, reply=reply, limit=limit or 1 if reply else None, **kwargs)


Control.broadcast = broadcast_to_one


class Receiver(EventReceiver):
    def on_consume_ready(self, *args, **kwargs):
        self.ready.set()


def listen(app):
    """Fills `successful_requests` by the events of the worker."""
    ready = threading.Event()

    def run():
        with app.connection_for_read() as connection:
            receiver = Receiver(connection, app=app, routing_key='task.#', handlers={
                'task-succeeded': lambda event: state.successful_requests.add(event['uuid']),
            })
            receiver.ready = ready
            receiver.capture()

    threading.Thread(target=run, daemon=True).start()
    assert ready.wait(10), 'no events can be received'


class Stamps(dict):
    def clear(self):
        super().clear()
        assert self.app.control.broadcast('forget_stamps', reply=True, timeout=10)


@pytest.fixture(scope='session')
def celery_session_worker(celery_session_app):
    listen(celery_session_app)
    Stamps.app = celery_session_app
    state.revoked_stamps = Stamps()
    yield SimpleNamespace(app=celery_session_app)


# The suite's conftest takes it from here.
fixtures.celery_session_worker = celery_session_worker


def read(name):
    with open(f'{told["keys"]}/{name}', 'rb') as file:
        return file.read()


def sign_as_known(cls):
    """The worker has to know whom it trusts before the suite would make itself a key."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate
    cls.gen_private_key = lambda self: load_pem_private_key(read('suite.key'), None)
    cls.gen_certificate = lambda self, *args, **kwargs: load_pem_x509_certificate(read('suite.pem'))


def pytest_collection_modifyitems(config, items):
    if told.get('keys'):
        for cls in {item.cls for item in items if hasattr(item.cls, 'gen_certificate')}:
            sign_as_known(cls)
    left_out, shard, shards = told['without'], told['shard'], told['shards']
    takes = told['takes']
    tell(collected=[name_of(item) for item in items])
    wanted = [item for item in items if not any(
        name_of(item) == name or name_of(item).startswith((f'{name}::', f'{name}[')) for name in left_out
    )]
    # Each to the part that is shortest by then, the longest first: all processes come to the same.
    parts = [[0.0, set()] for _ in range(shards)]
    for item in sorted(wanted, key=lambda item: -takes.get(name_of(item), 0)):
        shortest = min(parts, key=lambda part: part[0])
        shortest[0] += takes.get(name_of(item), 0.2)
        shortest[1].add(item)
    chosen = [item for item in wanted if item in parts[shard][1]]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    tell(chosen=[name_of(item) for item in chosen])


class TooLong(BaseException):
    pass


def too_long(*args):
    raise TooLong(f'it takes more than {told["seconds"]} s')


signal.signal(signal.SIGALRM, too_long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    signal.alarm(told['seconds'])
    try:
        return (yield)
    except TooLong as error:
        raise AssertionError(str(error)) from None
    finally:
        signal.alarm(0)


def pytest_runtest_logreport(report):
    if report.when == 'call' or report.outcome != 'passed':
        said = str(report.longrepr or '').splitlines()[-1:] or ['']
        tell(test=name_of(report), when=report.when, outcome=report.outcome, said=said[0][:300],
             seconds=round(report.duration, 2))
