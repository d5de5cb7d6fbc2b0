"""What SARIF 2.1.0 (OASIS, errata 01) says of the objects that a gate writes, held strictly: no other property.

Written from the text of the standard: stricter than the published schema, by which ``test_gate_outputs`` goes too.
"""

import re
from typing import Any

LEVELS = {"none", "note", "warning", "error"}
TEXT, NUMBER, LIST, OBJECT, BOOLEAN = (str,), (int,), (list,), (dict,), (bool,)
# object -> {property: (types, required)}
OBJECTS: dict[str, dict[str, tuple[tuple[type, ...], bool]]] = {
    "log": {"$schema": (TEXT, False), "version": (TEXT, True), "runs": (LIST, True)},
    "run": {
        "tool": (OBJECT, True),
        "automationDetails": (OBJECT, False),
        "columnKind": (TEXT, False),
        "invocations": (LIST, False),
        "results": (LIST, False),
        "properties": (OBJECT, False),
    },
    "tool": {"driver": (OBJECT, True)},
    "driver": {"name": (TEXT, True), "version": (TEXT, False), "rules": (LIST, False)},
    "rule": {"id": (TEXT, True), "shortDescription": (OBJECT, False), "help": (OBJECT, False)},
    "message": {"text": (TEXT, True)},
    "automationDetails": {"id": (TEXT, False)},
    "invocation": {
        "executionSuccessful": (BOOLEAN, True),
        "exitCode": (NUMBER, False),
        "toolConfigurationNotifications": (LIST, False),
    },
    "notification": {"descriptor": (OBJECT, False), "level": (TEXT, False), "message": (OBJECT, True)},
    "descriptor": {"id": (TEXT, False)},
    "result": {
        "ruleId": (TEXT, False),
        "ruleIndex": (NUMBER, False),
        "kind": (TEXT, False),
        "level": (TEXT, False),
        "message": (OBJECT, True),
        "locations": (LIST, False),
        "partialFingerprints": (OBJECT, False),
        "suppressions": (LIST, False),
        "properties": (OBJECT, False),
    },
    "location": {"physicalLocation": (OBJECT, False), "logicalLocations": (LIST, False)},
    "physicalLocation": {"artifactLocation": (OBJECT, True), "region": (OBJECT, False)},
    "artifactLocation": {"uri": (TEXT, True)},
    "region": {"startLine": (NUMBER, True)},
    "logicalLocation": {"fullyQualifiedName": (TEXT, False), "kind": (TEXT, False)},
    "suppression": {"kind": (TEXT, True), "status": (TEXT, False), "justification": (TEXT, False)},
}


def hold(kind: str, found: Any) -> dict[str, Any]:
    assert isinstance(found, dict), f"a {kind} has to be an object"
    known = OBJECTS[kind]
    assert set(found) <= set(known), f"{kind} has unknown properties: {set(found) - set(known)}"
    for name, (types, required) in known.items():
        assert name in found or not required, f"{kind} lacks {name}"
        if name in found:
            assert isinstance(found[name], types) and isinstance(found[name], bool) == (types == BOOLEAN), (kind, name)
    return found


def assert_standard(log: Any) -> None:
    assert hold("log", log)["version"] == "2.1.0"
    for run in log["runs"]:
        _hold_run(hold("run", run))


def _hold_run(run: dict[str, Any]) -> None:
    assert run.get("columnKind", "utf16CodeUnits") in {"utf16CodeUnits", "unicodeCodePoints"}
    rules = hold("driver", hold("tool", run["tool"])["driver"]).get("rules", [])
    for rule in rules:
        hold("rule", rule)
        for text in ("shortDescription", "help"):
            hold("message", rule[text])
    assert len({rule["id"] for rule in rules}) == len(rules)
    hold("automationDetails", run["automationDetails"])
    for invocation in run["invocations"]:
        for note in hold("invocation", invocation)["toolConfigurationNotifications"]:
            hold("descriptor", hold("notification", note)["descriptor"])
            hold("message", note["message"])
            assert note["level"] in LEVELS
    for result in run["results"]:
        hold("message", hold("result", result)["message"])
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS and (result["kind"] == "fail" or result["level"] == "none")
        assert all(isinstance(one, str) for one in result["partialFingerprints"].values())
        for suppression in result.get("suppressions", []):
            assert hold("suppression", suppression)["kind"] in {"inSource", "external"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}
        for location in result["locations"]:
            physical = hold("physicalLocation", hold("location", location)["physicalLocation"])
            uri = hold("artifactLocation", physical["artifactLocation"])["uri"]
            assert re.fullmatch(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", uri)
            assert hold("region", physical["region"])["startLine"] >= 1
            for logical in location["logicalLocations"]:
                hold("logicalLocation", logical)
