"""For pytest: Celery's own suite as a client of a worker that runs already. Each outcome is a line of JSON."""
import json
from types import SimpleNamespace

import celery.contrib.pytest as fixtures
import pytest


@pytest.fixture(scope='session')
def celery_session_worker(celery_session_app):
    yield SimpleNamespace(app=celery_session_app)


# The suite's conftest takes it from here.
fixtures.celery_session_worker = celery_session_worker


def pytest_runtest_logreport(report):
    if report.when == 'call' or report.outcome != 'passed' and report.when == 'setup':
        said = str(report.longrepr or '').splitlines()[-1:] or ['']
        name = report.nodeid.split('::', 1)[1]
        print('\n' + json.dumps({'test': name, 'outcome': report.outcome, 'said': said[0][:300]}), flush=True)
