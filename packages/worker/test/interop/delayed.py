"""A Celery application whose queue is a quorum queue on a topic exchange: the worker's, and run as a program a client of it."""
import json
import os
import time

from celery import Celery
from kombu import Exchange, Queue

name = os.environ["QUEUE"]
app = Celery("delayed", broker=os.environ["URL"], backend="rpc://")
app.conf.update(
    task_queues=[
        Queue(
            name,
            Exchange(name + ".x", type="topic"),
            routing_key=name + ".key",
            queue_arguments={"x-queue-type": "quorum"},
        )
    ],
    task_default_queue=name,
    task_default_exchange=name + ".x",
    task_default_exchange_type="topic",
    task_default_routing_key=name + ".key",
    broker_transport_options={"confirm_publish": True},
)


@app.task(name="it.when", bind=True)
def when(self):
    info = self.request.delivery_info
    return {
        "at": time.time() * 1000,
        "routing_key": info["routing_key"],
        "exchange": info["exchange"],
        "x_death": "x-death" in (self.request.headers or {}),
    }


if __name__ == "__main__":
    sent = time.time() * 1000
    result = when.apply_async(countdown=2.5)
    print(json.dumps({"sent": sent, "result": result.get(timeout=60)}))
