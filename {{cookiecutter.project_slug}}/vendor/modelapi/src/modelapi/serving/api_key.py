"""Make a key for the API: `make api-key NAME=ada [REPLACE=1]`.

Its hash goes to API_KEYS in .env; the key itself is shown once and kept nowhere.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence

from dotenv import dotenv_values, set_key

from modelapi.serving.keys import NAME, PREFIX, digest_of, read_entries, write_entries
from modelapi.settings import ROOT

ENV = ROOT / ".env"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the key, or exit with one line that says why not."""
    parser = argparse.ArgumentParser(prog="python -m modelapi.serving.api_key", description=__doc__)
    parser.add_argument("--name", required=True, help="whose key it is, as the log will say")
    parser.add_argument("--replace", action="store_true", help="put it in the place of the one of this name")
    options = parser.parse_args(arguments)
    if not NAME.fullmatch(options.name):
        sys.exit("Not made: NAME must be 1 to 64 letters, digits, dots, underscores and hyphens")
    try:
        digests = read_entries(dotenv_values(ENV).get("API_KEYS") or "")
    except ValueError as error:
        sys.exit(f"Not made: API_KEYS in .env has a value that is not allowed: it must be {error}")
    if options.name in digests and not options.replace:
        sys.exit("Not made: .env has a key of this NAME: take another, or replace it with REPLACE=1")
    key = PREFIX + secrets.token_urlsafe(32)
    digests[options.name] = digest_of(key.encode())
    if ENV.exists():
        ENV.chmod(0o600)
    set_key(ENV, "API_KEYS", write_entries(digests.items()), quote_mode="never")  # A new file is for its owner alone.
    print(f"The key of {options.name}, shown this once:\n\n  {key}\n")
    print("It opens the API from its next start, and goes with a request as\n")
    print('  curl http://localhost:8080/model -H "Authorization: Bearer $KEY"\n')
    print("API_KEYS in .env has it now. Elsewhere, add this to API_KEYS, after a comma if it is not empty:\n")
    print(f"  {write_entries([(options.name, digests[options.name])])}")
    if "API_KEYS" in os.environ:
        print("\nHere the environment has an API_KEYS of its own, which wins over .env.")


if __name__ == "__main__":
    main()
