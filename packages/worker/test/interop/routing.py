"""A project of Python whose queues another language has too: its worker, and, with CALL, its client."""
import json
import os
import re

from celery import Celery
from celery.utils.nodenames import worker_direct
from kombu import Exchange, Queue
from kombu.common import Broadcast

P = os.environ['QUEUE']

app = Celery('routing', broker=os.environ['URL'], backend='rpc://')
media = Exchange(f'{P}.media', type='topic')
app.conf.update(
    task_default_queue=P,
    task_queues=[
        Queue(P, Exchange(P), routing_key=P),
        Queue(f'{P}.images', media, routing_key='image.#'),
        Queue(f'{P}.videos', media, routing_key='video.*'),
        Queue(f'{P}.prio', Exchange(f'{P}.prio'), routing_key=f'{P}.prio', max_priority=10),
        Queue(f'{P}.quorum', Exchange(f'{P}.quorum'), routing_key='q', queue_arguments={'x-queue-type': 'quorum'}),
        Queue(f'{P}.letters', Exchange(f'{P}.letters'), routing_key=f'{P}.letters', queue_arguments={
            'x-dead-letter-exchange': f'{P}.dead', 'x-dead-letter-routing-key': f'{P}.dead'}),
        Broadcast(f'{P}.news'),
    ],
    task_routes=([
        (re.compile(r'route\.(video|film)\.'), {'queue': f'{P}.videos', 'routing_key': 'video.cut'}),
        ('route.image.*', {'queue': f'{P}.images', 'routing_key': 'image.png'}),
    ],),
    worker_direct=True,
    result_expires=60,
)


def where(self):
    info = self.request.delivery_info
    return [self.request.hostname, info['exchange'], info['routing_key'], info['priority']]


for name in ('route.where', 'route.image.crop', 'route.film.cut', 'route.news'):
    app.task(where, name=name, bind=True)


def call():
    def get(name, **options):
        result = app.tasks[name].apply_async(**options)
        print(json.dumps([result.get(timeout=60)]))

    get('route.where')
    get('route.image.crop')
    get('route.film.cut')
    get('route.where', queue=f'{P}.images', routing_key='image.gif')
    get('route.where', exchange=f'{P}.media', routing_key='video.cut')
    get('route.where', queue=f'{P}.prio', priority=7)
    get('route.where', queue=f'{P}.quorum')
    get('route.where', queue=f'{P}.letters')
    get('route.where', queue=f'{P}.made')
    get('route.where', queue=worker_direct(os.environ['CALL']))
    app.tasks['route.news'].apply_async(queue=f'{P}.news', ignore_result=True)


if 'CALL' in os.environ:
    call()
