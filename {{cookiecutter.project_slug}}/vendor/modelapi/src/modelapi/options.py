"""The options of the verbs; they are called as the Makefile calls its variables: MODEL=my.joblib is --model."""

from __future__ import annotations

import argparse
import csv
import io
import logging
import sys
from collections.abc import Sequence
from typing import NoReturn


def split_names(text: str) -> list[str]:
    """Split names as a line of CSV: a,b,"c,d"; a line break, too, is between two."""
    return [name for line in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True) for name in line]


class Options(argparse.ArgumentParser):
    """The options of a verb, which says in one line what is wrong with them, and in `--help` how they are used."""

    def __init__(self, verb: str, refusal: str, text: str, *examples: str) -> None:
        lines = [f"  modelapi {verb} {example}".rstrip() for example in examples]
        super().__init__(
            prog=f"modelapi {verb}",
            description=text,
            epilog="\n".join(["for example:", *lines]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._refusal = refusal

    def add_verbose(self) -> None:
        """Let `-v` show what other libraries say, which is nothing that most people understand."""
        self.add_argument("-v", "--verbose", action="store_true", help="show also what other libraries say")

    def read(self, arguments: Sequence[str] | None, *needed: str) -> argparse.Namespace:
        """Read the options, or exit with one line if one that is needed is not among them."""
        options = self.parse_args(arguments)
        for name, value in vars(options).items():
            if value == []:  # What argparse makes of --name=--
                setattr(options, name, "--")
        if getattr(options, "verbose", False):
            log = logging.getLogger("modelapi")
            log.setLevel(logging.DEBUG)
            log.addHandler(logging.StreamHandler())
        missing = [f"{name.upper()}=…" for name in needed if getattr(options, name) is None]
        if missing:
            sys.exit(f'{self._refusal}: name {" and ".join(missing)} ("{self.prog} --help" says more)')
        return options

    def error(self, message: str) -> NoReturn:
        """Exit with one line."""
        sys.exit(f'{self._refusal}: {message} ("{self.prog} --help" says more)')
