# What `make` does with Cloud Run; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy secret
REGION ?= europe-west1
TAG ?= $(shell git describe --always --dirty 2> /dev/null || date -u +%Y%m%d-%H%M%S)
SERVICE := {{ cookiecutter.project_slug }}

deploy: ## Build, test and deploy to Cloud Run (REGION=europe-west1 SUBSTITUTIONS=_MIN_INSTANCES=1,_CPU=2)
	gcloud builds submit --config=deploy/cloud-run/cloudbuild.yaml --substitutions=_TAG=$(TAG),_REGION=$(REGION)$(addprefix $(comma),$(SUBSTITUTIONS)) .

rollout: ## Send requests to the newest revision, or a share of them to another (REVISION=name PERCENT=10)
	$(if $(PERCENT),$(if $(REVISION),,$(error PERCENT is a share for a revision: make rollout REVISION=name PERCENT=$(PERCENT))))
	gcloud run services update-traffic $(SERVICE) --region=$(REGION) $(if $(REVISION),--to-revisions=$(REVISION)=$(or $(PERCENT),100),--to-latest)

secret: ## Put the keys that stand in .env into the secret of the API
	@grep -q '^API_KEYS=..*' .env || { echo '.env has no API_KEYS: make api-key NAME=ada' >&2; exit 2; }
	gcloud secrets describe $(SERVICE)-api-keys > /dev/null 2>&1 || gcloud secrets create $(SERVICE)-api-keys
	@sed -n 's/^API_KEYS=//p' .env | tr -d "\"'\n" | gcloud secrets versions add $(SERVICE)-api-keys --data-file=-

undeploy: ## Delete the service from Cloud Run
	gcloud run services delete $(SERVICE) --region=$(REGION)

comma := ,
