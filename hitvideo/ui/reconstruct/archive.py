"""Everything of one reconstruction in a ZIP file: the videos, the token file and the table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile


def save_archive(path: Path, files: Iterable[Path], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the files under their own names, and the rows as levels.csv and levels.json."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with ZipFile(path, "w") as archive:
        for file in files:  # which are compressed already
            archive.write(file, file.name, ZIP_STORED)
        archive.writestr("levels.csv", text.getvalue(), ZIP_DEFLATED)
        archive.writestr("levels.json", json.dumps(list(rows), indent=2) + "\n", ZIP_DEFLATED)
