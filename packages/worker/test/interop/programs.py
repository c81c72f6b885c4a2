"""Tasks that do as they are told, attempt by attempt, with all combinations of options that matter for it."""
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

app = Celery('programs', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=os.environ['QUEUE'], result_expires=60, broker_heartbeat=0)


class Busy(Exception):
    pass


def program(self, steps):
    with open(os.environ['RUNS'], 'a') as runs:
        runs.write(self.request.id + '\n')
    step = steps[min(self.request.retries, len(steps) - 1)]
    if step == 'fail':
        raise ValueError('bad')
    if step == 'retry':
        raise self.retry(countdown=0)
    if step == 'retry for an error':
        raise self.retry(exc=Busy(), countdown=0)
    if step == 'ignore':
        raise Ignore()
    if step == 'reject':
        raise Reject('no', requeue=False)
    if step == 'hang':
        time.sleep(200)
    if step == 'tidy':
        try:
            time.sleep(200)
        except SoftTimeLimitExceeded:
            pass


for late in (False, True):
    for on_failure in (False, True):
        for on_timeout in (False, True):
            for retries in (0, 1, 3):
                app.task(
                    program, bind=True,
                    name=f'program.{late:d}{on_failure:d}{on_timeout:d}.{retries}',
                    acks_late=late, acks_on_failure=on_failure, acks_on_timeout=on_timeout, max_retries=retries,
                )
