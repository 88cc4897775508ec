"""The container image, made without a container engine: an OCI archive whose every bit follows from its inputs."""


class ImageError(RuntimeError):
    """An image that cannot be made; the message says why, and what to do."""
