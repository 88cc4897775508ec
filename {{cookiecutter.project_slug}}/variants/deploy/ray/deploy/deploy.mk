# What `make` does with a cluster of Ray; README.md beside this file tells how to begin.
.PHONY: deploy rollout undeploy node ray
SERVE = $(BIN)/serve
# Else who reaches a port of a node runs what he likes there.
export RAY_AUTH_MODE ?= token

deploy: ray ## Bring the cluster to what serve.yaml says (RAY_DASHBOARD_ADDRESS=http://10.0.0.1:8265)
	@$(SERVE) deploy deploy/ray/serve.yaml || { echo 'No cluster took it: make node starts one here, and RAY_DASHBOARD_ADDRESS names another.' >&2; exit 1; }

rollout: ray ## Replace the replicas, a few at a time, by ones that serve one model and no other (MODEL_SHA256=…)
	@echo '$(MODEL_SHA256)' | grep -Eq '^[0-9a-f]{64}$$' || { echo 'MODEL_SHA256 is no digest: make train prints it, 64 digits from 0 to f' >&2; exit 2; }
	sed -i.old -E 's/^( *MODEL_SHA256:).*/\1 "$(MODEL_SHA256)"/' deploy/ray/serve.yaml && rm deploy/ray/serve.yaml.old
	@$(MAKE) --no-print-directory deploy

undeploy: ray ## Take the API down; the cluster goes on
	$(SERVE) shutdown --yes

node: ray ## Start the first node of a cluster here or, with HEAD=10.0.0.1:6379, add this machine to it
	PYTHONPATH='$(CURDIR)' $(BIN)/ray start $(if $(HEAD),--address=$(HEAD),--head --disable-usage-stats)

# Beside what serves the API, for that is what the nodes run.
ray: ## Install Ray; the verbs do it by themselves
	@cmp -s deploy/requirements.txt .venv/ray.txt || { echo Installing deploy/requirements.txt; \
		$(INSTALL) --quiet $(WHEELS) -r requirements/develop.txt -r deploy/requirements.txt && cp deploy/requirements.txt .venv/ray.txt; }
