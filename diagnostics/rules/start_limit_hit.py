"""start-limit-hit: a service failed so often that systemd does not start it again.

Fires when systemd logged the unit's failure with result `start-limit-hit`; that is systemd's own
decision, so it is `confirmed`. It is a consequence: why each start failed is another cause.
Stays clear when no such record is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a service that is stopped on purpose.

systemd: src/core/unit.c, unit_test_start_limit; StartLimitIntervalSec= and StartLimitBurst= in
systemd.unit(5).
"""

from __future__ import annotations

from diagnostics.confidence import of_own_decision
from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, journal_of

CODE = "start-limit-hit"
NAME = "too many starts"


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    given_up = journal.saying("Start request repeated too quickly")
    if not given_up:
        return journal.nothing
    told = Told(
        code=CODE,
        headline="systemd has given up restarting it",
        did="failed so often that systemd starts it no more (start limit)",
        why=(
            "It stays down until somebody starts it; why each start failed is told by what "
            "ended it before."
        ),
        remedy=Remedy(
            action="reset-and-start",
            says=(
                "Mend what ends it first; then “systemctl reset-failed” and “systemctl start” "
                "of the unit bring it back."
            ),
            because="A start without a mend uses up the limit again within seconds.",
        ),
        explains=(),
        is_end=False,
    )
    return (
        finding(
            evidence,
            told,
            given_up,
            (),
            judged=of_own_decision([event.citation for event in given_up]),
        ),
    )
