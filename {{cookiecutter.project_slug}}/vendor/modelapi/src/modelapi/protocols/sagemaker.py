"""Amazon SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html ."""

from modelapi.protocols import Route


def routes() -> list[Route]:
    """List the two paths of the platform; what is sent and answered is as at POST /predict."""
    return [Route("/ping", "/ready"), Route("/invocations", "/predict")]
