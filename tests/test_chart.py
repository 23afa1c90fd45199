"""The Helm chart: the manifests are rendered from it, and what its values change is what Kubernetes
takes.
"""

from __future__ import annotations

import subprocess
import tomllib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from core.config.config import parse_config
from scripts import manifests
from tests.test_deploy import ROOT, SECRETS

# 109 MB, and four minutes of two cores: CI does not build it. It holds the digest below, and the
# manifests themselves (tests/test_deploy.py).
BUILD = "go install helm.sh/helm/v3/cmd/helm@latest"


@pytest.fixture
def helm() -> str:
    program = manifests.helm()
    if program is None:
        pytest.skip(f"helm is not here, and takes minutes to build: {BUILD}")
    return program


def objects(helm: str, *values: str) -> dict[str, dict[str, Any]]:
    """Return the objects of the chart by kind and name; all must be what Kubernetes takes."""
    found = {}
    for one in yaml.safe_load_all(manifests.template(helm, *values)):
        if one["apiVersion"] != "monitoring.coreos.com/v1":
            kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
        found[f"{one['kind']} {one['metadata']['name']}"] = one
    return found


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def test_the_manifests_are_those_of_this_chart() -> None:
    assert manifests.DIGEST.read_text().strip() == manifests.digest(), (
        "the chart or a manifest has changed: python -m scripts.manifests"
    )


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((manifests.CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == version()


def test_helm_renders_the_manifests_again_to_the_byte(helm: str) -> None:
    for name, text in manifests.render(helm).items():
        assert (manifests.MANIFESTS / name).read_text() == text, name
    lint = [helm, "lint", "--strict", str(manifests.CHART)]
    assert subprocess.run(lint, check=False, capture_output=True).returncode == 0


def test_as_it_is_it_holds_all_but_what_needs_an_operator(helm: str) -> None:
    made = objects(helm)
    kept = {"Deployment gateway", "Deployment ui", "StatefulSet postgres", "Deployment redis",
            "StatefulSet ollama", "Ingress diglot", "ConfigMap diglot-config"}  # fmt: skip
    assert kept <= made.keys()
    assert not any("Monitor" in name or "Rule" in name for name in made)
    image = made["Deployment ui"]["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"registry.example.org/diglot:{version()}"


def test_a_claim_keeps_what_a_database_could_not_take(helm: str) -> None:
    pod = objects(helm)["Deployment ui"]["spec"]["template"]["spec"]
    assert {"name": "data", "emptyDir": {}} in pod["volumes"]
    made = objects(helm, "ui.journal.persistent=true", "ui.journal.storageClass=fast")
    assert "Deployment ui" not in made
    spec = made["StatefulSet ui"]["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data" and claim["spec"]["storageClassName"] == "fast"
    (container,) = spec["template"]["spec"]["containers"]
    assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
    assert "data" not in {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
    # Claims need not wait for one another, and the service finds the pods as before.
    assert spec["podManagementPolicy"] == "Parallel"
    assert made["Service ui"]["spec"]["selector"] == spec["selector"]["matchLabels"]


def test_what_is_managed_elsewhere_is_left_out_and_can_be_reached(helm: str) -> None:
    made = objects(helm, "postgres.enabled=false", "redis.enabled=false", "ollama.replicas=0",
                   "redis.url=rediss://cache.example.org", "gateway.maxReplicas=0",
                   "ingress.enabled=false")  # fmt: skip
    assert not any("postgres" in name or "redis" in name or "ollama" in name for name in made)
    assert not any(name.startswith(("Ingress", "Horizontal")) for name in made)
    (database,) = made["NetworkPolicy remembering"]["spec"]["egress"]
    assert database == {"ports": [{"port": 5432}]}
    assert {"ports": [{"port": 6379}]} in made["NetworkPolicy asking"]["spec"]["egress"]
    env = made["Deployment gateway"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "REDIS_URL", "value": "rediss://cache.example.org"} in env


def test_the_config_is_one_that_diglot_takes_and_a_change_starts_the_pods_anew(helm: str) -> None:
    plain = objects(helm, "ollama.replicas=2", "ui.drain=40", "diglot.strict=true",
                    "models[0].model_name=m", "models[0].litellm_params.model=ollama/m",
                    "models[0].litellm_params.api_base=http://h:1")  # fmt: skip
    config = parse_config(plain["ConfigMap diglot-config"]["data"]["config.yaml"], environ=SECRETS)
    assert [d.model_name for d in config.deployments] == ["*", "*", "m"] and not config.warnings
    assert config.strict and config.drain == 40
    ui = plain["Deployment ui"]["spec"]["template"]
    assert ui["spec"]["terminationGracePeriodSeconds"] == 60
    other = objects(helm)["Deployment ui"]["spec"]["template"]
    assert ui["metadata"]["annotations"] != other["metadata"]["annotations"]
