# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What is tried in the lab."""

from doctor_cases import doctor_cases
from neighbours import neighbourhoods
from pairs import pairs
from policies import policies
from server_cases import server_cases
from stories import stories
from weather import weather


def all_cases(both_orders):
    """Every case, those that take longest first."""
    cases = [*pairs(both_orders), *neighbourhoods(), *server_cases(), *policies(), *weather(), *stories()]
    cases += doctor_cases()
    return sorted(cases, key=lambda case: not case.is_patient)
