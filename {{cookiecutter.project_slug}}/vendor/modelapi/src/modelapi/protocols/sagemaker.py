"""Amazon SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html ."""

from modelapi.protocols.translation import Protocol, Route


def make() -> Protocol:
    """Make the two paths of the platform; what is sent and answered is as at POST /predict."""
    return Protocol.of({"/ping": Route("/ready"), "/invocations": Route("/predict")})
