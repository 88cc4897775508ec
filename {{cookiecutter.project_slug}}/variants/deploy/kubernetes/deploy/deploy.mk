# What `make` does with Kubernetes; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy
OVERLAY ?= staging
OVERLAY_DIR = deploy/kubernetes/overlays/$(OVERLAY)
# The namespace of an overlay has its name.
KUBECTL = kubectl --namespace=$(OVERLAY)

deploy: ## Bring Kubernetes to what an overlay says, and wait for it (OVERLAY=production)
	$(KUBECTL) apply -k $(OVERLAY_DIR)
	$(KUBECTL) rollout status deployment/{{ cookiecutter.project_slug }}

rollout: ## Deploy an image, and no other model than its own (OVERLAY=production IMAGE=name@sha256:… MODEL_SHA256=…)
	@case '$(IMAGE)' in *@sha256:*) ;; *) echo 'IMAGE names no digest: make rollout IMAGE=registry.example.org/name@sha256:…' >&2; exit 2;; esac
	printf 'IMAGE=%s\nMODEL_SHA256=%s\n' '$(IMAGE)' '$(MODEL_SHA256)' > $(OVERLAY_DIR)/release.env
	@$(MAKE) --no-print-directory deploy

undeploy: ## Delete the API from Kubernetes; the namespace and its secret stay (OVERLAY=production)
	$(KUBECTL) delete -k $(OVERLAY_DIR)
	$(KUBECTL) delete configmap --selector=app.kubernetes.io/name={{ cookiecutter.project_slug }}
