"""What is run by hand or by CI: train, package, score, docs. Each runs as `python -m steps.NAME`."""
