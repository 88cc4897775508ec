"""The benchmark suite of the template: bin/bench runs it."""
