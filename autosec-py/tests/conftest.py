"""What tests share: rules that are simple to set off, and an engine of them."""

from __future__ import annotations

import pytest

import autosec

RULES = """
- id: admin
  name: Admin page
  severity: high
  when: url.path starts_with "/admin"
  response: { action: block, for: 1h }
- id: ssh-port
  name: SSH from a high port
  severity: low
  when: destination.port == 22 and source.port > 1024
- id: three-times
  name: Three logins
  severity: medium
  when: event.action == "login"
  count: { by: [source.ip], within: 10m, at_least: 3 }
- id: answers
  name: Answer
  severity: medium
  when: dns.answers.data == "192.0.2.9"
  subject: user.name
"""

ADMIN = {"@timestamp": "2026-11-22T14:02:11Z", "source": {"ip": "203.0.113.7"}, "url.path": "/admin/users"}


@pytest.fixture
def rules() -> autosec.RuleSet:
    return autosec.RuleSet(text=RULES)


@pytest.fixture
def engine(rules: autosec.RuleSet) -> autosec.Engine:
    return autosec.Engine(rules)
