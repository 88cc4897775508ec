"""`make docs` writes the document of whatever model is current."""

from pathlib import Path

import pytest

from steps import docs, train


def test_docs_writes_the_document_of_the_current_model(
    pets_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setattr(docs, "SWAGGER", tmp_path / "swagger.yaml")
    with pytest.raises(SystemExit, match=r'^Not written: .*run "make train" first'):
        docs.main()

    train.main([f"--data={pets_csv}", "--target=kind"])
    docs.main()

    assert "Predict kind" in (tmp_path / "swagger.yaml").read_text(encoding="utf-8")
