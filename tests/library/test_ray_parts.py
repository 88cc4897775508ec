"""What Ray is given to score: each row group of Parquet files by itself."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from modelapi.ray.parts import Part, find_parts
from modelapi.training.dialect import TableError


def write(path: Path, *, rows: int = 5, name: str = "age") -> Path:
    pq.write_table(pa.table({name: pa.array(range(rows), pa.int64())}), path, row_group_size=2)
    return path


def test_parts_are_row_groups_and_their_names_are_in_their_order(tmp_path: Path) -> None:
    for name in ("a-b", "a", "b", "none"):
        write(tmp_path / f"{name}.parquet", rows=0 if name == "none" else 5)
    (tmp_path / "_SUCCESS").touch()

    parts = find_parts(tmp_path)

    tables = [Part(part, tmp_path / "scored", tmp_path / "bad") for part in parts]
    rows = [[row["age"] for batch, _ in table.batches() for row in batch.to_pylist()] for table in tables]
    assert rows == [[0, 1], [2, 3], [4]] * 3
    assert [part.start for part in parts] == [0, 2, 4] * 3
    names = [table.destination.name for table in tables]
    assert names == sorted(names)
    assert [table.side.name for table in tables][:2] == ["a-b.00000.ndjson", "a-b.00001.ndjson"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "is empty: name a folder"),
        (("a.parquet", "b.csv"), "holds b.csv: name a folder"),
        (("none.parquet",), "has no rows"),
        (("a.parquet", "other.parquet"), "other.parquet has other columns than"),
    ],
)
def test_a_folder_that_is_no_table_is_refused_in_a_sentence(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    for name in names:
        write(tmp_path / name, rows=0 if "none" in name else 5, name="x" if "other" in name else "age")

    with pytest.raises(TableError, match=said):
        find_parts(tmp_path)


def test_a_file_that_is_not_parquet_is_for_one_machine(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()

    with pytest.raises(TableError, match="leave --ray out"):
        find_parts(tmp_path / "rows.csv")
    with pytest.raises(TableError, match="is not there"):
        find_parts(tmp_path / "rows.parquet")
