"""Celery's own command line and `app.control`, in one process: each line of the environment's LINES is a command.

What it printed, and the exit code, is printed as one line of JSON.
"""
import json
import os

from celery.bin.celery import celery as main
from click.testing import CliRunner

for line in json.loads(os.environ['LINES']):
    result = CliRunner().invoke(main, ['-b', os.environ['URL'], *line])
    answer = {'line': line, 'code': result.exit_code, 'output': result.output}
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        answer['error'] = repr(result.exception)
    print(json.dumps(answer), flush=True)
