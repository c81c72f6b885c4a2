"""A schedule of Celery's, whose task a worker of ours runs."""
import os

from celery import Celery

app = Celery("scheduled", broker=os.environ["BROKER"])
app.conf.beat_schedule = {
    "tick": {
        "task": "proj.tick",
        "schedule": 1.0,
        "args": (16,),
        "kwargs": {"name": "ä"},
        "options": {"queue": os.environ["QUEUE"], "expires": 60},
    },
}
