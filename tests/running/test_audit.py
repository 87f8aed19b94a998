"""`make audit` takes a package that nobody could tell of for what it is: not audited."""

import json
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "audit"


def audit() -> Any:
    loader = SourceFileLoader("audit", str(SCRIPT))
    spec = spec_from_loader("audit", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_of_pip_audits_report_flaws_and_packages_that_were_skipped_are_told() -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
    report = {"dependencies": [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "ill", "version": "1.0", "vulns": [flaw, flaw | {"id": "PYSEC-2", "fix_versions": []}]},
        {"name": "strange", "skip_reason": "Dependency not found on PyPI and could not be audited: strange (1.0)"},
    ], "fixes": []}  # fmt: skip
    vulnerable, unknown = list[str](), list[str]()
    assert audit().read_pip_audit(json.dumps(report), vulnerable, unknown) == 3
    assert vulnerable == ["ill 1.0: PYSEC-1, fixed in 1.1", "ill 1.0: PYSEC-2, fixed in no version yet"]
    assert unknown == ["strange"]


def test_of_npms_report_flaws_are_told_and_an_answer_without_any_is_no_all_clear() -> None:
    vulnerable, unknown = list[str](), list[str]()
    found = {"vite": {"range": "<8.3", "severity": "high"}}
    audit().read_npm_audit(json.dumps({"vulnerabilities": found}), vulnerable, unknown)
    audit().read_npm_audit(json.dumps({"vulnerabilities": {}}), vulnerable, unknown)
    assert (vulnerable, unknown) == (["vite <8.3: high"], [])
    for report in ("", json.dumps({"message": "405 Method Not Allowed"})):
        audit().read_npm_audit(report, vulnerable, unknown)
    assert unknown == ["all of npm's (no answer)", "all of npm's (405 Method Not Allowed)"]
