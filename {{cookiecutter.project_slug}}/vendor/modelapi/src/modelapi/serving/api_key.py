"""Make a key for the API. Its hash goes to API_KEYS in .env; the key itself is shown once and kept nowhere."""

import os
import sys
from collections.abc import Sequence
from tempfile import TemporaryFile

from dotenv import dotenv_values, set_key

from modelapi.options import Options
from modelapi.process.preflight import load_settings
from modelapi.project import current_project
from modelapi.serving.example import address
from modelapi.serving.keys import NAME, digest_of, make_key, read_entries, write_entries
from modelapi.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the key, or exit with one line that says why not."""
    parser = Options("api-key", "Not made", str(__doc__), "--name ada", "--name ada --replace")
    parser.add_argument("--name", help="whose key it is, as the log will say")
    parser.add_argument("--replace", action="store_true", help="put it in the place of the one of this name")
    options = parser.read(arguments, "name")
    project = current_project()
    env = project.root / ".env"
    if not NAME.fullmatch(options.name):
        sys.exit("Not made: NAME must be 1 to 64 letters, digits, dots, underscores and hyphens")
    try:
        digests = read_entries(dotenv_values(env).get("API_KEYS") or "")
    except ValueError as error:
        sys.exit(f"Not made: API_KEYS in .env has a value that is not allowed: it must be {error}")
    try:
        url = address(load_settings(project))
    except SettingsError as error:
        sys.exit(f"Not made: {error}")
    if options.name in digests and not options.replace:
        sys.exit("Not made: .env has a key of this NAME: take another, or replace it with REPLACE=1")
    key = make_key()
    digests[options.name] = digest_of(key.encode())
    with TemporaryFile(dir=env.parent) as file:  # Where nothing can be written, set_key would leave its own behind.
        file.write(b"any")
    if env.exists():
        env.chmod(0o600)
    set_key(env, "API_KEYS", write_entries(digests.items()), quote_mode="never")  # A new file is for its owner alone.
    print(f"The key of {options.name}, shown this once:\n\n  {key}\n")
    print("It opens the API from its next start, and goes with a request as\n")
    print(f'  curl {url}/model -H "Authorization: Bearer $KEY"\n')
    print("API_KEYS in .env has it now. Elsewhere, add this to API_KEYS, after a comma if it is not empty:\n")
    print(f"  {write_entries([(options.name, digests[options.name])])}")
    if "API_KEYS" in os.environ:
        print("\nHere the environment has an API_KEYS of its own, which wins over .env.")
