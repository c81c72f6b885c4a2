"""Reads what TypeScript wrote, with Celery, and tells what it understood.

One JSON object per line on stdin, `{"record": ...}`, `{"message": ...}` or `{"text": ...}`; one per line on stdout.
"""
import base64
import json
import sys
import types

from celery import Celery
from celery.result import result_from_tuple
from celery.worker.request import Request
from kombu.message import Message
from kombu.utils.json import dumps, loads

app = Celery('interop', broker='memory://', backend='cache+memory://')
app.conf.update(accept_content=['json'])


class PaymentFailed(Exception):
    def __init__(self, order, code=402):
        super().__init__(order, code)


PaymentFailed.__module__ = 'myapp.errors'
sys.modules['myapp.errors'] = types.ModuleType('myapp.errors')
sys.modules['myapp.errors'].PaymentFailed = PaymentFailed


@app.task(name='proj.add')
def add(*args, **kwargs):
    pass


def read_record(record):
    meta = app.backend.meta_from_decoded(record)
    result = meta['result']
    out = {'status': meta['status'], 'children': [
        [child.id, child.parent and child.parent.id, [member.id for member in getattr(child, 'results', [])]]
        for child in (result_from_tuple(tuple_, app=app) for tuple_ in meta['children'] or [])
    ]}
    if isinstance(result, BaseException):
        cls = type(result)
        out.update(module=cls.__module__, type=cls.__name__, args=repr(result.args), str=str(result))
    else:
        out.update(result=result)
    return out


def read_message(message):
    received = Message(
        base64.b64decode(message['body']),
        channel=None,
        headers=message['headers'],
        properties=message['properties'],
        content_type=message['content_type'],
        content_encoding=message['content_encoding'],
        accept=['application/json'],
    )
    request = Request(received, app=app, task=add, headers=message['headers'])
    return {
        'name': request.name, 'id': request.id, 'args': repr(request.args), 'kwargs': repr(request.kwargs), 'root_id': request.root_id,
        'parent_id': request.parent_id, 'argsrepr': request.argsrepr, 'time_limits': request.time_limits, 'ignore_result': request.ignore_result,
        'eta': request.eta and request.eta.isoformat(), 'expires': request.expires and request.expires.isoformat(), 'reply_to': request.reply_to,
        'correlation_id': request.correlation_id, 'group': request.group, 'chord': request.chord, 'info': sorted(request.info(safe=True)),
    }


def read_text(text):
    values = loads(text)
    return {'reprs': [repr(value) for value in values], 'again': dumps(values)}


def answer_to(given):
    if 'text' in given:
        return read_text(given['text'])
    return read_record(given['record']) if 'record' in given else read_message(given['message'])


for line in sys.stdin:
    given = json.loads(line)
    try:
        answer = answer_to(given)
    except Exception as exc:
        answer = {'error': repr(exc)}
    print(json.dumps(answer))
