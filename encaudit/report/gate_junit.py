"""A gate as JUnit XML, in the form that the schemas of both Ant and Jenkins take: a test case for each check."""

import json
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from encaudit.gate import Check, Gate
from encaudit.report.gate_words import status, verdict

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(gate: Gate) -> str:
    """Return the XML text. JUnit knows no warnings: those are skipped tests that say so, as waived failures are."""
    statuses = [status(check) for check in gate.checks]
    failures = statuses.count("failed")
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        {
            "id": "0",
            "name": "encaudit",
            "package": "encaudit.gate",
            "hostname": "localhost",  # whose machine it was is no part of the result
            "timestamp": str(gate.provenance.get("time", "1970-01-01T00:00:00"))[:19],
            "tests": str(len(gate.checks)),
            "failures": str(failures),
            "errors": "0",
            "skipped": str(len(statuses) - failures - statuses.count("passed")),
            "time": "0",
        },
    )
    properties = SubElement(suite, "properties")
    for name, value in gate.provenance.items():
        told = value if isinstance(value, str) else json.dumps(value)
        SubElement(properties, "property", name=_text(name), value=_text(told))
    for check in gate.checks:
        _add_case(suite, check)
    SubElement(suite, "system-out").text = _text(verdict(gate))
    SubElement(suite, "system-err").text = _text("\n".join(f"{one.level}: {one.text}" for one in gate.findings))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: Element, check: Check) -> None:
    classname = f"encaudit.{check.transform or 'encoder'}"
    case = SubElement(suite, "testcase", name=_text(check.id), classname=_text(classname), time="0")
    found, said = status(check), _text(check.text)
    if found == "failed":
        SubElement(case, "failure", type=check.kind, message=said).text = said
    elif found != "passed":
        SubElement(case, "skipped", message=_text(f"{found}: {check.text}"))


def _text(value: str) -> str:
    """Return the text without the characters that XML cannot hold, in one line."""
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", " ".join(value.split()))
