"""A worker of Celery's, whose task writes down what it is called as."""
import json
import os

from celery import Celery

app = Celery("periodic", broker=os.environ["BROKER"])
app.conf.task_default_queue = os.environ["QUEUE"]


@app.task(name="periodic.tick", bind=True)
def tick(self, *args, **kwargs):
    request = self.request
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps([request.id, args, kwargs, request.get("celery_beat_task"), request.expires]) + "\n")
