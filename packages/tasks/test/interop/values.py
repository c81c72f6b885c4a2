"""Random values of all types that Kombu's JSON has, and what it makes of those that TypeScript has written.

`{"seed": 1, "count": 100}` on stdin gives so many messages of random values, `{"text": ...}` what was read of one; one JSON object per line.
"""
import json
import random
import sys
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from kombu.utils.json import dumps, loads

names = ['a', 'ž', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '__type__', '', '0', '🐎']


def zone(r):
    return r.choice([None, timezone.utc, timezone(timedelta(minutes=r.randint(-1439, 1439))),
                     timezone(timedelta(seconds=r.randint(-86399, 86399)))])


def moment(r):
    return datetime(r.randint(1, 9999), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.randint(0, 59), r.randint(0, 59),
                    r.choice([0, r.randint(0, 999) * 1000, r.randint(0, 999999)]), zone(r))


def scalar(r):
    return r.choice([
        lambda: None,
        lambda: r.random() < .5,
        lambda: r.randint(-100, 100),
        lambda: r.randint(-2 ** 200, 2 ** 200),
        lambda: r.choice([2 ** 53, 2 ** 53 + 1, -2 ** 63]),
        lambda: r.random() * 10 ** r.randint(-300, 300),
        lambda: ''.join(r.choice(names) for _ in range(r.randint(0, 5))),
        lambda: r.choice(['\u2028', '\x00', '\ud83d', '"\\', '2024-01-02']),
        lambda: bytes(r.randint(0, 255) for _ in range(r.randint(0, 8))),
        lambda: 'žluť'.encode(),
        lambda: moment(r),
        lambda: moment(r).date(),
        lambda: moment(r).timetz(),
        lambda: moment(r).time(),
        lambda: Decimal(r.randint(-10 ** 30, 10 ** 30)).scaleb(r.randint(-40, 40)),
        lambda: Decimal(r.choice(['0', '-0', '0.00', '1E+5', '1.10', '-1.5E-7'])),
        lambda: uuid.UUID(int=r.getrandbits(128)),
    ])()


def value(r, depth=0):
    if depth > 3 or r.random() < .6:
        return scalar(r)
    if r.random() < .5:
        return [value(r, depth + 1) for _ in range(r.randint(0, 3))]
    return {r.choice(names): value(r, depth + 1) for _ in range(r.randint(0, 4))}


def shown(v):
    """As `repr`, in any order of keys: JavaScript has its own for those that are whole numbers."""
    if isinstance(v, list):
        return '[' + ', '.join(map(shown, v)) + ']'
    if isinstance(v, dict):
        return '{' + ', '.join(f'{k!r}: {shown(v[k])}' for k in sorted(v)) + '}'
    return repr(v)


def made(seed, count):
    r = random.Random(seed)
    for _ in range(count):
        args = [value(r) for _ in range(r.randint(0, 3))]
        kwargs = {r.choice(names): value(r) for _ in range(r.randint(0, 3))}
        yield {'text': dumps([args, kwargs, {}]), 'repr': shown([args, kwargs, {}])}


for line in sys.stdin:
    given = json.loads(line)
    if 'seed' in given:
        for answer in made(given['seed'], given['count']):
            print(json.dumps(answer))
    else:
        values = loads(given['text'])
        types = {name: type(value).__name__ for name, value in values.items()} if isinstance(values, dict) else {}
        print(json.dumps({'repr': shown(values), 'text': dumps(values), 'types': types}))
