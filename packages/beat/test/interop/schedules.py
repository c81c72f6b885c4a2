"""What Celery says comes next: of random schedules, zones and instants, many of them near changed clocks.

Prints lists [kind, schedule, zone, last, nexts], where each of the nexts follows from the one before.
"""
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab, schedule, solar

rng = random.Random(int(sys.argv[1]))
crontabs, intervals = int(sys.argv[2]), int(sys.argv[3])
app = Celery()
ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns",
    "America/Sao_Paulo", "America/Caracas", "America/Santiago", "Australia/Lord_Howe", "Australia/Sydney",
    "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "Antarctica/Casey", "Asia/Kathmandu", "Asia/Pyongyang",
    "Asia/Tehran", "Africa/Cairo", "Africa/Casablanca",
]
FIRST, LAST = datetime(1996, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = (LAST - FIRST).days


def changes(zone):
    """Instants at which the clocks of a zone are changed, to a quarter of an hour."""
    offset = lambda at: at.astimezone(zone).utcoffset()
    found = []
    for day in range(DAYS):
        low, high = FIRST + timedelta(days=day), FIRST + timedelta(days=day + 1)
        if offset(low) == offset(high):
            continue
        while high - low > timedelta(minutes=15):
            middle = low + (high - low) / 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        found.append(high)
    return found


zones = {name: (ZoneInfo(name), changes(ZoneInfo(name))) for name in ZONES}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
FIELDS = [("minute", 0, 59, []), ("hour", 0, 23, []), ("dayOfWeek", 0, 6, WEEKDAYS),
          ("dayOfMonth", 1, 31, []), ("monthOfYear", 1, 12, MONTHS)]


def number(first, last, names):
    value = rng.randint(first, last)
    return names[value - first] if names and rng.random() < 0.4 else str(value)


def part(first, last, names):
    what = rng.randrange(5)
    if what == 0:
        return f"*/{rng.randint(1, last + 2)}"
    if what == 1:
        return f"{number(first, last, names)}-{number(first, last, names)}"
    if what == 2:
        return f"{number(first, last, names)}-{number(first, last, names)}/{rng.randint(1, 9)}"
    return number(first, last, names)


def field(name, first, last, names):
    if rng.random() < {"minute": 0.2, "hour": 0.4}.get(name, 0.65):
        return "*"
    if rng.random() < 0.1:
        return sorted(rng.sample(range(first, last + 1), rng.randint(1, 5)))
    return ",".join(part(first, last, names) for _ in range(rng.randint(1, 3)))


def instant(turns):
    if turns and rng.random() < 0.6:
        at = rng.choice(turns) + timedelta(seconds=rng.randint(-100_000, 100_000))
    else:
        at = FIRST + timedelta(seconds=rng.randrange(DAYS * 86_400))
    return at.replace(second=0) if rng.random() < 0.5 else at


def millis(at):
    return round(at.timestamp() * 1000)


def follow(made, last, count):
    nexts = []
    for _ in range(count):
        made.nowfun = lambda: last
        last = (last.astimezone(timezone.utc) + made.remaining_estimate(last)).astimezone(last.tzinfo)
        nexts.append(millis(last))
    return nexts


def tell(kind, what, zone, last, nexts):
    print(json.dumps([kind, what, zone, millis(last), nexts]))


while crontabs > 0:
    name = rng.choice(ZONES)
    zone, turns = zones[name]
    fields = {entry[0]: field(*entry) for entry in FIELDS}
    try:
        made = crontab(fields["minute"], fields["hour"], fields["dayOfWeek"], fields["dayOfMonth"],
                       fields["monthOfYear"], app=app)
    except ValueError:
        continue  # a day that is in none of the months
    made.tz = zone
    last = instant(turns).astimezone(zone)
    tell("crontab", fields, name, last, follow(made, last, 3))
    crontabs -= 1

for _ in range(intervals):
    name = rng.choice(ZONES)
    zone, turns = zones[name]
    seconds = rng.choice([rng.randint(1, 59), rng.randint(60, 3599), rng.randint(3600, 86_399),
                          rng.randint(86_400, 900_000), 60, 1800, 3600, 7200, 86_400, 604_800])
    last = instant(turns).astimezone(zone)
    tell("relative", seconds, name, last, follow(schedule(seconds, relative=True, app=app), last, 3))

try:
    import ephem  # noqa: F401
except ImportError:
    sys.exit(0)
for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 0):
    what = [rng.choice(sorted(solar._all_events)), round(rng.uniform(-66, 66), 2), round(rng.uniform(-180, 180), 2)]
    last = instant([]).astimezone(timezone.utc)
    tell("solar", what, "UTC", last, follow(solar(*what, app=app), last, 3))
