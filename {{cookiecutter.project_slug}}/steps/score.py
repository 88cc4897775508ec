"""Score a CSV file with the current model: `make score INPUT=rows.csv OUTPUT=scored.csv`.

The file is read in chunks, so its size does not matter, and the output appears whole or not at all.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from api.settings import SettingsError, load_settings
from model import package
from model.package import Package, PackageError
from model.records import InvalidRecords, RecordParser

CHUNK = 10_000


class ScoreError(ValueError):
    """An input that cannot be scored."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the input's rows with a column `prediction` added."""
    parser = argparse.ArgumentParser(prog="python -m steps.score", description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="a CSV file with a header line")
    parser.add_argument("--output", type=Path, required=True, help="the CSV file to write")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        model = package.load(package.current(settings.model_dir))
        count = score(model, options.input, options.output)
    except (SettingsError, PackageError, ScoreError) as error:
        sys.exit(f"Not scored: {error}")
    print(f"Scored {count} rows into {options.output}")


def score(model: Package, source: Path, destination: Path) -> int:
    """Score a file and return the number of rows. Raises ScoreError naming the first row that is wrong."""
    features = [feature.name for feature in model.signature.features]
    parser = RecordParser(model.signature, max_rows=CHUNK)
    partial = destination.with_name(destination.name + ".part")
    count = 0
    try:
        with (
            source.open(newline="", encoding="utf-8-sig") as file,
            partial.open("w", newline="", encoding="utf-8") as out,
        ):
            reader = csv.DictReader(file, restval="")
            names = list(reader.fieldnames or [])
            missing = [
                feature.name
                for feature in model.signature.features
                if feature.name not in names and not feature.nullable
            ]
            if missing:
                raise ScoreError(f"{source} has no column {', '.join(missing)}: the model needs {', '.join(features)}")
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*names, "prediction"])
            for rows in _chunks(reader):
                records = [{name: row[name] for name in features if name in row} for row in rows]
                labels = model.engine.predict(parser.parse_text(records)).labels.tolist()
                writer.writerows(
                    [*(row[name] for name in names), label] for row, label in zip(rows, labels, strict=True)
                )
                count += len(rows)
        os.replace(partial, destination)
    except InvalidRecords as error:
        fault = error.errors[0]
        index, _, column = fault.pointer.removeprefix("/").partition("/")
        raise ScoreError(f"{source}, row {count + int(index) + 1}: {column} {fault.detail}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoreError(f"{source} cannot be scored into {destination}: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def _chunks(reader: csv.DictReader[str]) -> Iterator[list[dict[str, str]]]:
    while rows := list(islice(reader, CHUNK)):
        yield rows


if __name__ == "__main__":
    main()
