# What `make` does with Azure Machine Learning; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
AZURE_ML = deploy/.venv/bin/python deploy/azure-ml/deploy.py $@ $(call options,SUBSCRIPTION GROUP WORKSPACE) $(call flags,DRY_RUN)

deploy: deploy/.venv ## Deploy to Azure ML (IMAGE=….azurecr.io/name:tag SUBSCRIPTION=id GROUP=name WORKSPACE=name TAG=2026-11 PERCENT=10 DRY_RUN=1)
	$(AZURE_ML) $(call options,IMAGE PERCENT) $(or $(call options,TAG),--tag=$(NOW))

rollout: deploy/.venv ## Give a version that was deployed a share of the requests (TAG=2026-10 PERCENT=100 DRY_RUN=1)
	$(AZURE_ML) $(call options,TAG PERCENT)

undeploy: deploy/.venv ## Delete the endpoint from Azure ML (DRY_RUN=1)
	$(AZURE_ML)

# The version where none is named.
NOW = $(shell git rev-parse --short HEAD 2> /dev/null || date -u +%Y%m%d-%H%M%S)

# An environment of its own: the platform's SDK is none of the API's business.
deploy/.venv: deploy/requirements.txt
	$(PYTHON) -m venv deploy/.venv && deploy/.venv/bin/pip install --quiet --disable-pip-version-check -r deploy/requirements.txt && touch deploy/.venv
