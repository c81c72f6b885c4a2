"""What Celery's own cluster state makes of events: a list of them a line, an answer a line."""
import gc
import json
import logging
import sys

from celery.events.state import State

logging.disable(logging.CRITICAL)
# So that collecting looks at what comes from here on alone.
gc.freeze()

TASK = ('state', 'worker', 'client', 'clock', 'timestamp', 'sent', 'received', 'started', 'succeeded', 'failed',
        'retried', 'revoked', 'rejected', 'name', 'args', 'kwargs', 'root_id', 'parent_id', 'retries', 'eta', 'expires',
        'queue', 'exchange', 'routing_key', 'result', 'runtime', 'exception', 'traceback', 'requeue', 'terminated',
        'signum', 'expired')
WORKER = ('pid', 'freq', 'heartbeats', 'clock', 'active', 'processed', 'loadavg', 'sw_ident', 'sw_ver', 'sw_sys')

for line in sys.stdin:
    asked = json.loads(line)
    told = []
    state = State(max_workers_in_memory=asked['workers'], max_tasks_in_memory=asked['tasks'],
                  on_node_join=lambda worker: told.append('+' + worker.hostname),
                  on_node_leave=lambda worker: told.append('-' + worker.hostname))
    for event in asked['events']:
        state.event(event)
    # What was forgotten is ordered until it is collected.
    gc.collect()
    tasks = {}
    for uuid, task in state.itertasks():
        tasks[uuid] = {name: getattr(task, name, None) for name in TASK}
        tasks[uuid]['worker'] = task.worker and task.worker.hostname
    workers = {}
    for hostname, worker in state.workers.items():
        workers[hostname] = {name: getattr(worker, name) for name in WORKER}
        workers[hostname]['expires'] = worker.heartbeats and worker.heartbeat_expires or None
    print(json.dumps({
        'tasks': tasks, 'workers': workers, 'told': told, 'order': [uuid for uuid, _ in state.tasks_by_time()],
        'earliest': [uuid for uuid, _ in state.tasks_by_time(reverse=False)],
        'counts': [state.event_count, state.task_count],
    }))
