"""Run by the peer's own Python: tests a contract with datacontract-cli and writes what each check measured."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

logging.disable(logging.CRITICAL)

if __name__ == "__main__":
    from datacontract.data_contract import DataContract  # type: ignore[import-not-found]

    run = DataContract(data_contract_file=sys.argv[1], server="here").test()
    checks = [
        {
            "type": check.type,
            "model": check.model,
            "field": check.field,
            "id": check.qualityId,
            "result": check.result.value if check.result else None,
            "reason": check.reason,
            "measured": check.diagnostics or {},
        }
        for check in run.checks
    ]
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        json.dump(checks, out, default=str)
