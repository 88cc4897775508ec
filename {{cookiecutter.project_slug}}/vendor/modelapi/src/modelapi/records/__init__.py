"""The model as a package of files: what it takes, how it runs, how it is stored. No web framework."""
