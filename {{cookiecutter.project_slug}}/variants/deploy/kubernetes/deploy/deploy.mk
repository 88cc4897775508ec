# What `make` does with Kubernetes; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy secret
OVERLAY ?= staging
OVERLAYS := deploy/kubernetes/overlays
OVERLAY_DIR = $(or $(wildcard $(OVERLAYS)/$(OVERLAY)),$(error there is no overlay $(OVERLAY): OVERLAY is one of $(notdir $(wildcard $(OVERLAYS)/*))))
RELEASE = $(OVERLAY_DIR)/release.env
# The namespace of an overlay has its name.
KUBECTL = kubectl --namespace=$(OVERLAY)

deploy: ## Bring Kubernetes to what an overlay says, and wait for it (OVERLAY=production)
	@grep -q '@sha256:' $(RELEASE) || { echo '$(RELEASE) names no image yet: make rollout OVERLAY=$(OVERLAY) IMAGE=name@sha256:…' >&2; exit 2; }
	$(KUBECTL) apply -k $(OVERLAY_DIR)
	$(KUBECTL) rollout status deployment/{{ cookiecutter.project_slug }}

rollout: ## Deploy an image, and no other model than its own (OVERLAY=production IMAGE=name@sha256:… MODEL_SHA256=…)
	@echo '$(IMAGE)' | grep -Eq '@sha256:[0-9a-f]{64}$$' || { echo 'IMAGE names no digest: make rollout IMAGE=registry.example.org/name@sha256:… with its 64 digits' >&2; exit 2; }
	@echo '$(MODEL_SHA256)' | grep -Eq '^([0-9a-f]{64})?$$' || { echo 'MODEL_SHA256 is no digest: make train prints it, 64 digits from 0 to f' >&2; exit 2; }
	printf 'IMAGE=%s\nMODEL_SHA256=%s\n' '$(IMAGE)' '$(MODEL_SHA256)' > $(RELEASE)
	@$(MAKE) --no-print-directory deploy

secret: ## Put the keys that stand in .env into the Secret of the API (OVERLAY=production)
	@grep -q '^API_KEYS=..*' .env || { echo '.env has no API_KEYS: make api-key NAME=ada' >&2; exit 2; }
	@sed -n 's/^API_KEYS=//p' .env | tr -d "\"'\n" | kubectl create secret generic {{ cookiecutter.project_slug }}-api-keys \
		--from-file=API_KEYS=/dev/stdin --dry-run=client -o yaml | $(KUBECTL) apply -f -

undeploy: ## Delete the API from Kubernetes; the namespace and its secret stay (OVERLAY=production)
	$(KUBECTL) delete -k $(OVERLAY_DIR)
	$(KUBECTL) delete configmap --selector=app.kubernetes.io/name={{ cookiecutter.project_slug }}
