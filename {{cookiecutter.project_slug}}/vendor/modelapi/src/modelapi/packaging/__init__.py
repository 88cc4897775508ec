"""Packaging: the engine of a fitted estimator, compared with it, and its files."""
