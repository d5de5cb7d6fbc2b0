"""What the schemas of JUnit XML by Ant and by Jenkins ask of the elements that a gate writes; both at once.

Written from the two published schemas, for a check without them; ``test_gate_outputs`` also goes by these where they
are at hand.
"""

import re
from xml.etree.ElementTree import Element

# element -> (required attributes, further ones, children in order: name and the most there may be)
ELEMENTS: dict[str, tuple[set[str], set[str], list[tuple[str, int]]]] = {
    "testsuites": (set(), set(), [("testsuite", 10**9)]),
    "testsuite": (
        {"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "package", "id"},
        {"skipped"},
        [("properties", 1), ("testcase", 10**9), ("system-out", 1), ("system-err", 1)],
    ),
    "properties": (set(), set(), [("property", 10**9)]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname", "time"}, set(), [("skipped", 1), ("failure", 1)]),
    "failure": ({"type"}, {"message"}, []),
    "skipped": (set(), {"message"}, []),
    "system-out": (set(), set(), []),
    "system-err": (set(), set(), []),
}


def assert_standard(element: Element) -> None:
    required, further, children = ELEMENTS[element.tag]
    assert required <= set(element.attrib) <= required | further, f"{element.tag}: {element.attrib}"
    names = [child.tag for child in element]
    order = [name for name, _ in children]
    assert set(names) <= set(order) and names == sorted(names, key=order.index), f"{element.tag}: {names}"
    assert all(names.count(name) <= most for name, most in children)
    if element.tag == "testsuite":
        _hold_suite(element)
    if element.tag == "testcase":
        assert len(element) <= 1, "a test case has one outcome"
    for child in element:
        assert_standard(child)


def _hold_suite(suite: Element) -> None:
    assert {"properties", "system-out", "system-err"} <= {child.tag for child in suite}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    for name in ("errors", "id"):
        int(suite.attrib[name])
    float(suite.attrib["time"])
