# What `make` does with SageMaker; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
REGION ?= eu-central-1
TAG ?= $(shell git rev-parse --short HEAD 2> /dev/null || date -u +%Y%m%d-%H%M%S)
SAGEMAKER = deploy/.venv/bin/python deploy/sagemaker/deploy.py

deploy: deploy/.venv ## Deploy to SageMaker (IMAGE=….dkr.ecr.….amazonaws.com/name:tag ROLE=arn:… REGION=eu-central-1 TAG=2026-11 DRY_RUN=1)
	$(SAGEMAKER) deploy --region $(REGION) --tag $(TAG) $(if $(IMAGE),--image $(IMAGE)) $(if $(ROLE),--role $(ROLE)) $(if $(MODEL_DATA),--model-data $(MODEL_DATA)) $(if $(DRY_RUN),--dry-run)

rollout: deploy/.venv ## Move requests to a version that was deployed (TAG=2026-10)
	$(SAGEMAKER) rollout --region $(REGION) --tag $(TAG) $(if $(DRY_RUN),--dry-run)

undeploy: deploy/.venv ## Delete the endpoint from SageMaker
	$(SAGEMAKER) undeploy --region $(REGION) $(if $(DRY_RUN),--dry-run)

# An environment of its own: the platform's SDK is none of the API's business.
deploy/.venv: deploy/requirements.txt
	$(PYTHON) -m venv deploy/.venv && deploy/.venv/bin/pip install --quiet --disable-pip-version-check -r deploy/requirements.txt && touch deploy/.venv
