"""The settings: environment variables or lines in .env, each described in .env.example."""

import modelapi


class Settings(modelapi.Settings):
    """Add yours here, as `page_size: int = 20`; it is read from PAGE_SIZE."""
