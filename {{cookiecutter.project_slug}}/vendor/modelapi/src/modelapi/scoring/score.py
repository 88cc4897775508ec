"""Score a table with the current model, as the API would: each row gets the columns of its prediction.

CSV, NDJSON and Parquet are read, scored on all cores and written in batches, so their size does not matter; what else
training reads (.xlsx, Feather, a list in JSON, zip) is read whole and written as CSV. The output appears whole or not
at all. Rows that cannot be predicted go to a file beside it, scored.bad.csv.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from pathlib import Path

from modelapi import outputs, package
from modelapi.engines import Wanted, everything
from modelapi.options import Options, split_names
from modelapi.package import PackageError
from modelapi.scoring.adjusting import ApiError
from modelapi.scoring.formats import Format, refuse_clash, split_suffix
from modelapi.scoring.output import write
from modelapi.scoring.parquet import ParquetFormat
from modelapi.scoring.text_formats import CsvFormat, JsonFormat
from modelapi.scoring.whole import WholeFormat
from modelapi.scoring.workers import Job, Scorer, make_pool, score_batches
from modelapi.settings import PackageSettings, SettingsError, cores
from modelapi.signals import SIGNALS, ended_by
from modelapi.signature import Signature
from modelapi.training.dialect import SEPARATORS, TableError
from modelapi.training.reading import listing

EXAMPLES = (
    "--input rows.csv --output scored.csv",
    "--input rows.parquet --output scored.parquet --probabilities --strict",
    "--input tables --output scored --ray",
)
SUFFIXES: dict[str, type[Format]] = {  # Of what is read in batches.
    ".csv": CsvFormat,
    ".tsv": CsvFormat,
    ".txt": CsvFormat,
    ".ndjson": JsonFormat,
    ".jsonl": JsonFormat,
    ".parquet": ParquetFormat,
}


class Stopped(SystemExit):
    """The user, or the machine, does not want to wait for the end."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the input's rows with the columns of the prediction added; whatever stops it, its files are removed."""
    options = _options(arguments)
    try:
        with ended_by(SIGNALS, lambda number: Stopped(128 + number)):
            print(_score_on_ray(options) if options.ray else _score(options))
    except (SettingsError, PackageError, TableError, ApiError) as error:
        sys.exit(f"Not scored: {error}")
    except BrokenProcessPool:
        sys.exit("Not scored: a worker process was killed, for want of memory perhaps: try it with WORKERS=1")
    except Stopped:
        print("Not scored: stopped half-way", file=sys.stderr)
        raise


def _score(options: argparse.Namespace) -> str:
    settings = PackageSettings.load()
    folder = package.current(settings.model_dir)
    names = [name.strip() for name in split_names(options.names or "")]
    table = format_of(options.input, options.output, options.separator, options.encoding, names or None)
    job = Job(settings.project, settings, folder, table, Wanted(options.probabilities, options.scores))
    model = job.load()
    check_files(table)
    check(table, model.signature, job.wanted)
    workers = options.workers or cores()
    pool = partial(make_pool, workers, job)
    with closing(score_batches(table.batches(), Scorer(job, model), workers, pool)) as results:
        return write(job, results, model.signature, options.strict).report(table.destination, table.side)


def _score_on_ray(options: argparse.Namespace) -> str:
    try:
        from modelapi.ray.score import score
    except ModuleNotFoundError as error:
        raise TableError(f"--ray needs {error.name}, which is not installed: install modelapi[ray]") from None
    settings = PackageSettings.load()
    folder = package.current(settings.model_dir)
    wanted = Wanted(options.probabilities, options.scores)
    return score(
        settings, folder, wanted, options.input, options.output, workers=options.workers, strict=options.strict
    )


def check_files(table: Format) -> None:
    """Find out whether the output can be written. Raises TableError."""
    for path in (table.destination, table.side):
        if not path.parent.is_dir():
            raise TableError(f"there is no folder {path.parent}: make it first")
        if path.is_dir():
            raise TableError(f"{path} is a folder: name a file")
        if path.exists() and path.samefile(table.source):
            raise TableError(f"{path} would be written while it is read: name another output")


def check(table: Format, signature: Signature, wanted: Wanted) -> None:
    """Compare the columns of a table with those of the model. Raises TableError."""
    for name, asked, given in zip(wanted._fields, wanted, everything(signature), strict=True):
        if asked and not given:
            raise TableError(f"the model has no {name}: leave the option out")
    if table.columns:
        columns = table.named(signature)
        missing = [feature for feature in signature.features if feature.name not in columns]
        lacks = [feature.name for feature in missing if not feature.nullable or missing == signature.features]
        if lacks:
            needs = listing([feature.name for feature in signature.features])
            raise TableError(f"{table.source} has no column {listing(lacks)}: the model needs {needs}")
        if missing:
            names = listing([feature.name for feature in missing])
            print(f"{table.source} has no column {names}: the rows are scored without", file=sys.stderr)
        twice = [feature.name for feature in signature.features if columns.count(feature.name) > 1]
        if twice:
            raise TableError(f"{table.source} has two columns {twice[0]}: rename or drop one")
        refuse_clash(table.source, outputs.added_names(signature, wanted), table.columns)


def format_of(
    source: Path,
    destination: Path,
    separator: str | None = None,
    encoding: str | None = None,
    names: Sequence[str] | None = None,
) -> Format:
    """Find the format of both files by their names, and look into the input. Raises TableError."""
    kind = _suffix(source)
    read = SUFFIXES.get(kind, WholeFormat)
    written = ".csv" if read is WholeFormat else kind
    if not source.is_file():
        raise TableError(f"{source} is not a file that is there: name a table")
    if _suffix(destination) != written:
        raise TableError(f"{destination} is not what {source} is scored into: let its name end in {written}")
    how = (separator, encoding, names) if issubclass(read, CsvFormat) else ()
    return read(source, destination, *how)


def _suffix(path: Path) -> str:
    """Tell the suffix without .gz, which Parquet does not have: it is packed already."""
    suffix = split_suffix(path)[1].lower()
    return suffix if suffix == ".parquet.gz" else suffix.removesuffix(".gz")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Options("score", "Not scored", str(__doc__), *EXAMPLES)
    parser.add_argument("--input", type=Path, help=f"a table: {', '.join(SUFFIXES)}, or any other that training reads")
    parser.add_argument("--output", type=Path, help="the file to write, with the same suffix; .csv for any other")
    parser.add_argument("--strict", action="store_true", help="stop at the first row that cannot be predicted")
    parser.add_argument("--probabilities", action="store_true", help="add the probability of each label")
    parser.add_argument("--scores", action="store_true", help="add the value of the decision function")
    parser.add_argument("--separator", help=f"of a CSV file: {', '.join(SEPARATORS)} (default: detected)")
    parser.add_argument("--encoding", help="of a CSV file: cp1252 (default: detected)")
    parser.add_argument("--names", help="of the columns where there is no header line: a,b,c")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--ray", action="store_true", help="score Parquet, a file or a folder, on a cluster of Ray")
    return parser.read(arguments, "input", "output")
