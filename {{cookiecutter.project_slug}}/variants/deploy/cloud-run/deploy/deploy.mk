# What `make` does with Cloud Run; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
REGION ?= europe-west1
TAG ?= $(shell git describe --always --dirty 2> /dev/null || date -u +%Y%m%d-%H%M%S)
SERVICE := {{ cookiecutter.project_slug }}

deploy: ## Build, test and deploy to Cloud Run (REGION=europe-west1 SUBSTITUTIONS=_MIN_INSTANCES=1,_CPU=2)
	gcloud builds submit --config=deploy/cloud-run/cloudbuild.yaml --substitutions=_TAG=$(TAG),_REGION=$(REGION)$(addprefix $(comma),$(SUBSTITUTIONS)) .

rollout: ## Send requests to the newest revision, or a share of them to another (REVISION=name PERCENT=10)
	gcloud run services update-traffic $(SERVICE) --region=$(REGION) $(if $(REVISION),--to-revisions=$(REVISION)=$(or $(PERCENT),100),--to-latest)

undeploy: ## Delete the service from Cloud Run
	gcloud run services delete $(SERVICE) --region=$(REGION)

comma := ,
