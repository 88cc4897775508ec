"""`python -m modelapi` is `modelapi`."""

from modelapi.cli import main

main()
