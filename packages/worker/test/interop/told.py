"""A project of Python, whose worker is watched from another language."""
import os

from celery import Celery

app = Celery('told', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue=os.environ['QUEUE'], task_send_sent_event=True)


@app.task(name='told.add')
def add(x, y):
    return x + y


@app.task(name='told.fail')
def fail():
    raise ValueError('bad', 3)


@app.task(name='told.progress', bind=True)
def progress(self):
    self.send_event('task-progress', done=7)
