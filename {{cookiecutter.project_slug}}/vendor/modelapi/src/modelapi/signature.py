"""What a model takes and what it answers, read off the rows it was trained on.

Everything typed derives from the signature: request validation, OpenAPI, examples, the form and the
tests. It is stored as signature.json in the model package and never edited by hand.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Label = bool | int | float | str
SAFE_INTEGER = 2**53 - 1  # The largest integer that JSON readers and float64 hold exactly.
SAFE_NUMBER = 3.4e38  # Near the largest float32, which trees and many graphs calculate with.
MAX_NAMED = 20  # Of more whole numbers, labels name none.
FeatureType = Literal["number", "integer", "boolean", "string", "text", "datetime"]
Task = Literal["binary", "multiclass", "regression", "multi-output", "multilabel", "outlier", "cluster", "transform"]
MEANINGS: dict[Task, str] = {
    "multilabel": "1 for each label that applies, 0 for others",
    "outlier": "-1 for an outlier, 1 for others",
    "cluster": "the number of the cluster",
    "transform": "the columns that are made of it",
}
"""What is answered, for tasks whose names do not say it."""
Taken = Literal["frame", "array", "series", "dicts"]
"""What an estimator is given: a DataFrame, a bare array, its only column as a Series, or a list of dicts."""
SeenIn = Literal["training", "sample"]
Gap = Literal["nan", "none"]
"""What an estimator is given in place of a missing value, among objects: NaN or None."""


class Notation(BaseModel):
    """How a table writes the numbers of a column: its marks, and the unit before or after them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """Write a number in it."""
        return f"{self.before}1{self.thousands}234{self.decimal}56{' ' * (len(self.after) > 1)}{self.after}"


class Wording(BaseModel):
    """How people call a column and its values; those of the data stay what is sent and answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str | None = None
    unit: str | None = None
    description: str | None = None
    group: str | None = None
    """The heading under which a form shows it."""
    labels: dict[str, str] = {}
    """What its classes or categories mean, by their names as label_name() writes them."""

    def called(self, label: Label) -> str:
        """Say a class or a category as people do."""
        name = label_name(label)
        return self.labels.get(name, name)


class Feature(Wording):
    """One input column: its type, whether it may be missing, and what was seen in training."""

    name: str
    type: FeatureType
    dtype: str
    """The dtype of the column that the estimator was fitted on."""
    nullable: bool
    gap: Gap = "nan"
    categories: list[Label] | None = None
    listed: bool = True
    """Whether clients may see categories and range: those of names and identifiers would tell who was there."""
    takes_unknown: bool = True
    """Whether the estimator can predict a category that it was not fitted on."""
    minimum: float | str | None = None
    maximum: float | str | None = None
    format: str | None = None
    """How the table writes dates, for strptime; None if as ISO 8601 does."""
    parts: list[str] | None = None
    """The numbers that the estimator gets in place of a date: names of modelapi.records.columns.PARTS."""
    max_length: int | None = None
    """The largest number of characters of a text, which is free; a string is one of the categories."""
    fill: str | None = None
    """The text that the estimator gets where it is missing; None if a gap reaches it as such."""
    notation: Notation | None = None
    """How the table writes numbers; None if plainly, as programs do. JSON has plain numbers in any case."""
    gaps: list[str] = []
    """What the table writes in place of a missing value, beside the marks that are gaps in every table."""
    example: Label

    @property
    def named(self) -> list[Label] | None:
        """The values that it is shown by, one by one: its categories, or few whole numbers that have labels."""
        if self.type == "boolean":
            return [False, True]
        if self.categories is not None or not self.labels or self.type != "integer":
            return self.categories
        low, high = self.minimum, self.maximum
        if not isinstance(low, float) or not isinstance(high, float) or high - low >= MAX_NAMED:
            return None
        return list(range(int(low), int(high) + 1))

    def refuses_unknown(self, policy: str) -> bool:
        """Tell whether only the categories are allowed."""
        return self.categories is not None and (policy == "refuse" or not self.takes_unknown)


class Target(Wording):
    """The column that is predicted; `classes` are the labels in the order of the probabilities.

    Of a multi-output model the type is object, and each of its `outputs` is a target.
    """

    name: str
    type: FeatureType | Literal["object"]
    classes: list[Label] | None = None
    quantiles: list[float] | None = None
    """Of the numbers that were seen, in equal steps from the least to the largest, each to four digits."""
    outputs: list["Target"] | None = None


class Signature(BaseModel):
    """The features in the order of training, the target, the task and the number of rows that tell of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: list[Feature]
    target: Target
    task: Task
    probabilities: bool
    scores: list[str] | None = None
    """The names of the scores of a record: of the classes, as a rule; empty if it is a single number, None if none."""
    explains: bool = False
    """Whether predictions can be explained: the package has the background that this needs."""
    n_samples: int
    seen_in: SeenIn = "training"
    """Whether number of rows, ranges and categories are those of all rows of training, or of a sample of them."""
    takes: Taken | None = None
    """What the estimator was fitted on; None if nobody has asked it."""

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, content: Any) -> Any:
        """Read a package in which only a frame and an array are told apart."""
        if isinstance(content, dict) and "takes_frames" in content:
            content = dict(content)
            content["takes"] = {True: "frame", False: "array", None: None}[content.pop("takes_frames")]
        return content

    @property
    def targets(self) -> list[Target]:
        """The targets one by one; most models have a single one."""
        return self.target.outputs or [self.target]

    @property
    def source(self) -> str:
        """Name in a sentence what number of rows, ranges and categories were seen in."""
        return "the sample" if self.seen_in == "sample" else "training"

    def public(self) -> dict[str, Any]:
        """Describe it to clients: without the categories and the ranges that they may not see."""
        content = self.model_dump()
        for feature in content["features"]:
            if not feature["listed"]:
                feature |= {"categories": None, "minimum": None, "maximum": None, "labels": {}}
        return content

    def example(self) -> dict[str, Label]:
        """Make a record that is nobody's: of medians and of the most frequent values, column by column."""
        return {feature.name: feature.example for feature in self.features}


def label_name(label: Label) -> str:
    """Write a label as text, as JSON itself would write it."""
    return str(label).lower() if isinstance(label, bool) else str(label)
