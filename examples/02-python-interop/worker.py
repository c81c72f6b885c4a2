"""A Celery worker: `main.ts` calls its task.

    python3 -m celery --workdir examples/02-python-interop -A worker worker
"""
import os

from celery import Celery

app = Celery('worker', broker=os.environ['CELERIAC_BROKER_URL'], backend='rpc://')
app.conf.task_default_queue = 'python'


@app.task(name='python.title')
def title(text, shout=False):
    if not text:
        raise ValueError('nothing to say', 0)
    return text.upper() if shout else text.title()
