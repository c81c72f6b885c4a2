"""Tasks of every ending there is, as a worker of this project has them under the same names."""
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

app = Celery('lives', broker=os.environ['URL'], backend=os.environ['RESULTS'])
app.conf.update(result_extended=True, task_default_queue=os.environ['QUEUE'], result_expires=60, task_default_retry_delay=0)


@app.task(name='life.add')
def add(x, y):
    return [x, y]


@app.task(name='life.sleep')
def sleep():
    time.sleep(200)


@app.task(name='life.sleep_late', acks_late=True)
def sleep_late():
    time.sleep(200)


@app.task(name='life.limited', time_limit=1)
def limited():
    time.sleep(200)


@app.task(name='life.tidy')
def tidy():
    try:
        time.sleep(200)
    except SoftTimeLimitExceeded:
        return 'tidied'


@app.task(name='life.fail_late', acks_late=True, acks_on_failure=False)
def fail_late():
    raise ValueError('bad')


@app.task(name='life.retry', bind=True, max_retries=2)
def retry(self, until):
    if self.request.retries < until:
        raise self.retry(countdown=0)
    return self.request.retries


@app.task(name='life.retry_for', bind=True, max_retries=1)
def retry_for(self):
    raise self.retry(exc=ValueError('busy'), countdown=0)


@app.task(name='life.auto', bind=True, autoretry_for=(ValueError,), max_retries=2, default_retry_delay=0)
def auto(self, until):
    if self.request.retries < until:
        raise ValueError('busy')
    return self.request.retries


@app.task(name='life.soft_auto', bind=True, autoretry_for=(SoftTimeLimitExceeded,), max_retries=1, default_retry_delay=0)
def soft_auto(self):
    time.sleep(200)


@app.task(name='life.reject', acks_late=True)
def reject():
    raise Reject('no', requeue=False)


@app.task(name='life.ignore')
def ignore():
    raise Ignore()
