# What `make` does with SageMaker; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
SAGEMAKER = deploy/.venv/bin/python deploy/sagemaker/deploy.py $@ $(call options,REGION) $(call flags,DRY_RUN)

deploy: deploy/.venv ## Deploy to SageMaker (IMAGE=….dkr.ecr.….amazonaws.com/name:tag ROLE=arn:… REGION=eu-central-1 TAG=2026-11 DRY_RUN=1)
	$(SAGEMAKER) $(call options,IMAGE ROLE MODEL_DATA) $(or $(call options,TAG),--tag=$(NOW))

rollout: deploy/.venv ## Move requests to a version that was deployed (TAG=2026-10 REGION=eu-central-1 DRY_RUN=1)
	$(SAGEMAKER) $(call options,TAG)

undeploy: deploy/.venv ## Delete the endpoint from SageMaker (REGION=eu-central-1 DRY_RUN=1)
	$(SAGEMAKER)

# The version where none is named.
NOW = $(shell git rev-parse --short HEAD 2> /dev/null || date -u +%Y%m%d-%H%M%S)

# An environment of its own: the platform's SDK is none of the API's business.
deploy/.venv: deploy/requirements.txt
	$(PYTHON) -m venv deploy/.venv && deploy/.venv/bin/pip install --quiet --disable-pip-version-check -r deploy/requirements.txt && touch deploy/.venv
