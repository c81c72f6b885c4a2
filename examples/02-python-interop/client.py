"""A Celery client: the worker of `main.ts` runs what it sends.

    python3 examples/02-python-interop/client.py
"""
import os

from celery import Celery

app = Celery('client', broker=os.environ['CELERIAC_BROKER_URL'], backend='rpc://')
app.conf.task_default_queue = 'typescript'


# Only their names and parameters matter here: the handlers are in TypeScript.
@app.task(name='typescript.add')
def add(x, y): ...


@app.task(name='typescript.order')
def order(item): ...


print('2 + 3 =', add.delay(2, 3).get(timeout=20))
try:
    order.delay('truffles').get(timeout=20)
except Exception as error:
    print('TypeScript failed with', type(error).__name__, '-', error.args[0])
app.send_task('typescript.goodbye', ignore_result=True)
