# What `make` does with Vertex AI; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
VERTEX = deploy/.venv/bin/python deploy/vertex/deploy.py $@ $(or $(call options,PROJECT),--project='$(OF_GCLOUD)') \
	$(call options,REGION) $(call flags,DRY_RUN)

deploy: deploy/.venv ## Deploy to Vertex AI (IMAGE=europe-west1-docker.pkg.dev/… PROJECT=id REGION=europe-west1 TAG=2026-11 PERCENT=10 DRY_RUN=1)
	$(VERTEX) $(call options,IMAGE PERCENT) $(or $(call options,TAG),--tag=$(NOW))

rollout: deploy/.venv ## Give a version that was deployed a share of the requests (TAG=2026-10 PERCENT=100 DRY_RUN=1)
	$(VERTEX) $(call options,TAG PERCENT)

undeploy: deploy/.venv ## Take the versions and the endpoint down from Vertex AI (DRY_RUN=1)
	$(VERTEX)

OF_GCLOUD = $(shell gcloud config get-value project 2> /dev/null)
# The version where none is named.
NOW = $(shell git rev-parse --short HEAD 2> /dev/null || date -u +%Y%m%d-%H%M%S)

# An environment of its own: the platform's SDK is none of the API's business.
deploy/.venv: deploy/requirements.txt
	$(PYTHON) -m venv deploy/.venv && deploy/.venv/bin/pip install --quiet --disable-pip-version-check -r deploy/requirements.txt && touch deploy/.venv
