"""Generates the Python stubs beside the .proto files: `python -m protos.generate [--check]`.

Stubs are committed, generated with the lowest supported grpcio-tools, because generated code refuses runtimes
older than its generator. `--check` regenerates into a temporary folder and fails on any difference.
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def proto_files() -> list[Path]:
    """Every .proto file of the house, relative to the root, in name order."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "protos").glob("*/v*/*.proto"))


def generate(into: Path) -> list[Path]:
    """Generates all stubs below `into` and returns their paths relative to it.

    Raises RuntimeError when protoc refuses a file.
    """
    import grpc_tools
    from grpc_tools import protoc

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    outputs = [f"--python_out={into}", f"--pyi_out={into}", f"--grpc_python_out={into}"]
    files = [str(path) for path in proto_files()]
    if protoc.main(["protoc", f"-I{ROOT}", f"-I{well_known}", *outputs, *files]) != 0:
        raise RuntimeError("protoc refused a file; its own message stands above")
    return sorted(path.relative_to(into) for path in into.glob("protos/*/v*/*_pb2*"))


def differences() -> list[Path]:
    """Stubs that are missing, left over, or not what the .proto files generate now."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generated = set(generate(fresh))
        committed = {
            path.relative_to(ROOT) for path in (ROOT / "protos").glob("*/v*/*_pb2*") if path.suffix in {".py", ".pyi"}
        }
        changed = {path for path in generated & committed if not filecmp.cmp(fresh / path, ROOT / path, shallow=False)}
        return sorted(changed | (generated ^ committed))


def main() -> int:
    """Entry point. Exit code 0 when the stubs are as they should be, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    if parser.parse_args().check:
        stale = differences()
        for path in stale:
            print(f"stale stub: {path}; run `python -m protos.generate`", file=sys.stderr)
        return 1 if stale else 0
    generate(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
