"""Broadcasts the commands of the environment's CALLS: each a method, its arguments, the nodes that are meant, and the logical clock.

The last argument of all is how many replies to `revoked` are waited for, or 0.
"""
import json
import os
import time

from celery import Celery

app = Celery('neighbour', broker=os.environ['URL'])
app.conf.task_default_queue = os.environ['QUEUE']
app.conf.control_exchange = os.environ['NAMESPACE']

connection = app.connection_for_read()
channel = connection.channel()
events = channel.queue_declare('', exclusive=True).queue
channel.queue_bind(events, os.environ['NAMESPACE'] + '.ev', 'worker.elect.ack')


def answered(election, candidate):
    """Whether one of the others has answered the candidature: it has heard of it."""
    message = channel.basic_get(events, no_ack=True)
    if message is None:
        return False
    event = json.loads(message.body)
    return event['id'] == election and event['hostname'] != candidate


for method, arguments, destination, clock in json.loads(os.environ['CALLS']):
    app.control.mailbox.clock.value = clock
    app.control.broadcast(method, arguments=arguments, destination=destination)
    if method == 'election':
        # Whoever stands is heard of by the others before the next command.
        while not answered(arguments['id'], destination[0]):
            time.sleep(0.01)
limit = int(os.environ['REPLIES'])
if limit:
    print(json.dumps(app.control.inspect(timeout=60, limit=limit).revoked()), flush=True)
