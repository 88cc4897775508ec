"""What was trained on is scored: the same file, however people or programs wrote it."""

import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modelapi.scoring.score import format_of
from modelapi.signature import Signature, Target
from modelapi.train import OPTIONS
from modelapi.training.rows import read_rows

COUNT = 40
TABLE = pd.DataFrame(
    {
        "price": [1500.25 + row if row % 2 else 12.5 + row / 10 for row in range(COUNT)],
        "share": [row * 7 % 50 for row in range(COUNT)],
        "fur": [["short", "long", None][row % 3] for row in range(COUNT)],
        "since": [pd.Timestamp("2023-01-14") + pd.Timedelta(row * 17, "D") for row in range(COUNT)],
        "kind": [["dog", "cat", "cow"][row % 7 % 3] for row in range(COUNT)],
    }
)


def in_money() -> pd.DataFrame:
    return TABLE.assign(
        price=TABLE["price"].map("${:,.2f}".format),
        share=TABLE["share"].map("{}%".format),
        since=TABLE["since"].dt.strftime("%b %d, %Y"),
    )


def as_excel_in_german(path: Path) -> None:
    price = TABLE["price"].map("{:,.2f} €".format).str.translate(str.maketrans(",.", ".,"))
    table = TABLE.assign(price=price, since=TABLE["since"].dt.strftime("%d.%m.%Y"))
    header, *rows = table.to_csv(sep=";", index=False).splitlines()
    lines = ["sep=;", "", "Preise", header, *[f"{row};" for row in rows[:30]], ";;;;", header, *rows[30:]]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))


def in_blanks(path: Path) -> None:
    path.write_text(TABLE.to_string(index=False, na_rep="?"), encoding="utf-16")


def in_an_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", in_money().to_csv(index=False))


def without_header(path: Path) -> None:
    TABLE.drop(columns=["fur", "since"]).to_csv(path, index=False, header=False)


def with_long_integers(path: Path) -> None:
    TABLE.assign(fur=TABLE["share"] % 3 + 2**60).to_parquet(path)


FORMS: list[tuple[str, Callable[[Path], object], int]] = [
    ("rows.csv", as_excel_in_german, 4),
    ("rows.dat", in_blanks, 4),
    ("rows.txt", in_blanks, 4),
    ("rows.zip", in_an_archive, 4),
    ("rows.csv", without_header, 2),
    ("rows.xlsx", lambda path: in_money().to_excel(path, index=False), 4),
    ("rows.json", lambda path: in_money().assign(price=TABLE["price"]).to_json(path, orient="records"), 3),
    ("rows.json", lambda path: TABLE.astype({"since": str}).to_json(path), 4),
    ("rows.ndjson", lambda path: TABLE.astype({"since": str}).to_json(path, orient="records", lines=True), 4),
    ("rows.feather", lambda path: TABLE.astype({"fur": "category"}).to_feather(path), 4),
    ("rows.parquet", with_long_integers, 4),
]


@pytest.mark.parametrize(("name", "write", "count"), FORMS)
def test_a_table_is_scored_as_training_reads_it(
    tmp_path: Path, name: str, write: Callable[[Path], object], count: int
) -> None:
    names = "price,share,kind" if write is without_header else None
    write(tmp_path / name)
    options = Namespace(**dict.fromkeys(OPTIONS) | {"data": tmp_path / name, "target": "kind", "names": names})
    trained = read_rows(options)
    target = Target(name="kind", type="string", classes=["cat", "cow", "dog"])
    signature = Signature(
        features=trained.features, target=target, task="multiclass", probabilities=True, n_samples=COUNT
    )
    written = name if name.endswith((".txt", ".ndjson", ".parquet")) else "rows.csv"

    table = format_of(tmp_path / name, tmp_path / f"scored-{written}", names=names.split(",") if names else None)
    parse = table.parser(signature, "refuse")
    batches = [parse(rows, 0) for rows, _ in table.batches()]

    assert len(trained.features) == count
    for feature, values in trained.columns.items():
        np.testing.assert_array_equal(np.concatenate([batch[feature] for batch in batches]), values)
