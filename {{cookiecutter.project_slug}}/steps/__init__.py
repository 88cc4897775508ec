"""What `make train` runs."""
