"""Faults on demand that the platform itself carries out.

Kinds, for `World.faults`, with what `facts` may say:

- `token_expired`, `token_revoked` (`subcode`: "460"): error 190, as if it happened in mid-run
- `unknown_error` (code 1), `service_unavailable` (code 2), `blocked` (368), `object_gone` (100/33)
- `reduce_data` (code 1; `limit`: only when more than so many are asked for)
- `error_200`: HTTP 200 with an `error` body; `error`: any envelope (`message`, `code`, `type`,
  `error_subcode`, `is_transient`, `status`)
- `throttle` (`code`: 80001, ...; `minutes`: 60): the budget is refused from now on
- `localised` (`message`): the next error speaks another language
- `retired_metric` (`metric`), `empty_page`, `null_item`: read where insights, listings and batches
  are answered
"""

from typing import Any

from analytics_sync.simulator.services._graph.call import Call
from analytics_sync.simulator.services._graph.errors import (
    GraphError,
    blocked,
    limit_reached,
    no_such_object,
    service_unavailable,
    too_much_data,
    unknown_error,
)
from analytics_sync.simulator.services._graph.tokens import expired, revoked
from analytics_sync.simulator.services._graph.usage import CODES, Budget, Usage

SPANISH = "Parámetro no válido"
APPLICATION_CODES = frozenset({4, 341, 613})
_SIMPLE = {
    "unknown_error": unknown_error,
    "service_unavailable": service_unavailable,
    "blocked": blocked,
}


def token_faults(call: Call) -> None:
    """:raises GraphError: 190, if asked for."""
    if call.fault("token_expired"):
        raise expired(call.host, call.now)
    if fault := call.fault("token_revoked"):
        raise revoked(call.host, str(fault.facts.get("subcode", "460")))


def whole_faults(call: Call) -> None:
    """Trouble that can befall any call, a batch as a whole too."""
    for kind, error in _SIMPLE.items():
        if call.fault(kind):
            raise error()
    if fault := call.fault("error"):
        raise _made_up(fault.facts)


def node_faults(call: Call, usage: Usage, budget: Budget) -> None:
    """Trouble of one node or edge."""
    if call.fault("object_gone"):
        raise no_such_object(call.request.segments[0])
    if call.fault("error_200"):
        error = service_unavailable()
        error.status = 200
        raise error
    if fault := call.fault("reduce_data"):
        most = fault.facts.get("limit")
        asked = call.request.params.get("limit", "25")
        if most is None or not asked.isdigit() or int(asked) > int(most):
            raise too_much_data()
    if fault := call.fault("throttle"):
        code = int(fault.facts.get("code", budget.code or CODES[budget.kind]))
        spent = Budget("app", call.host.app_id) if code in APPLICATION_CODES else budget
        usage.block(spent, int(fault.facts.get("minutes", 60)), code)
        raise limit_reached(code, call.host.number("throttle_status", 400))


def localise(call: Call, error: GraphError) -> None:
    """Let the error speak the language of the caller."""
    if fault := call.fault("localised"):
        error.message = str(fault.facts.get("message", SPANISH))


def _made_up(facts: dict[str, Any]) -> GraphError:
    return GraphError(
        str(facts.get("message", "An unknown error has occurred.")),
        int(facts.get("code", 1)),
        kind=str(facts.get("type", "OAuthException")),
        subcode=facts.get("error_subcode"),
        status=int(facts.get("status", 400)),
        transient=facts.get("is_transient"),
    )
