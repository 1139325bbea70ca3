"""Running one peer over a planted folder, for ``run.py``: file by file, in the interpreter that has the peer.

    PYTHON benchmarks/imaging/peer.py NAME IN OUT [EVERY]

Prints JSON: files, failed files, CPU seconds of the work alone (imports are not counted).
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path


def pydicom_copy() -> Callable[[Path, Path], None]:
    import pydicom

    return lambda source, target: pydicom.dcmread(source).save_as(target)


def dicognito() -> Callable[[Path, Path], None]:
    import pydicom
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="benchmark")

    def one(source: Path, target: Path) -> None:
        ds = pydicom.dcmread(source)
        anonymizer.anonymize(ds)
        ds.save_as(target)

    return one


def dicom_anonymizer() -> Callable[[Path, Path], None]:
    from dicomanonymizer import anonymize_dicom_file

    return lambda source, target: anonymize_dicom_file(str(source), str(target))


def deid() -> Callable[[Path, Path], None]:
    from deid.config import DeidRecipe
    from deid.dicom import get_identifiers, replace_identifiers

    recipe = DeidRecipe()

    def one(source: Path, target: Path) -> None:
        found = get_identifiers([str(source)])
        done = replace_identifiers([str(source)], deid=recipe, ids=found, save=False)
        done[0].save_as(target)

    return one


PEERS = {"pydicom": pydicom_copy, "dicognito": dicognito, "dicom-anonymizer": dicom_anonymizer, "deid": deid}


def main() -> None:
    name, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    one = PEERS[name]()
    files = sorted(path for path in source.rglob("*.dcm"))[:: int(sys.argv[4]) if len(sys.argv) > 4 else 1]
    failed: dict[str, int] = {}
    for path in files:
        (out / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for path in files:
            try:
                one(path, out / path.relative_to(source))
            except Exception as error:  # a peer may fail on a file; that is a result
                failed[type(error).__name__] = failed.get(type(error).__name__, 0) + 1
    print(json.dumps({"files": len(files), "failed": failed, "cpu": time.process_time() - began}))


if __name__ == "__main__":
    main()
