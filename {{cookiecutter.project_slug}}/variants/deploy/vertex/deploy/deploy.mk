# What `make` does with Vertex AI; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
REGION ?= europe-west1
PROJECT ?= $(shell gcloud config get-value project 2> /dev/null)
TAG ?= $(shell git rev-parse --short HEAD 2> /dev/null || date -u +%Y%m%d-%H%M%S)
VERTEX = deploy/.venv/bin/python deploy/vertex/deploy.py $@ --project "$(PROJECT)" --region $(REGION) $(if $(DRY_RUN),--dry-run)

deploy: deploy/.venv ## Deploy to Vertex AI (IMAGE=europe-west1-docker.pkg.dev/… PROJECT=id REGION=europe-west1 TAG=2026-11 PERCENT=10 DRY_RUN=1)
	$(VERTEX) --tag $(TAG) $(if $(IMAGE),--image $(IMAGE)) --percent $(or $(PERCENT),100)

rollout: deploy/.venv ## Give a version that was deployed a share of the requests (TAG=2026-10 PERCENT=100)
	$(VERTEX) --tag $(TAG) --percent $(or $(PERCENT),100)

undeploy: deploy/.venv ## Take the versions and the endpoint down from Vertex AI
	$(VERTEX)

# An environment of its own: the platform's SDK is none of the API's business.
deploy/.venv: deploy/requirements.txt
	$(PYTHON) -m venv deploy/.venv && deploy/.venv/bin/pip install --quiet --disable-pip-version-check -r deploy/requirements.txt && touch deploy/.venv
