"""What is done with the model's answers before they leave."""

from api.handlers.adjust import adjust

__all__ = ["adjust"]
